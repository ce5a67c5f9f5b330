"""A person's own second factor: setting it up, and new recovery codes."""

from base64 import b32encode
from typing import Any, cast

import segno
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django_otp import login as confirm_session

from dashboard.errors import CodeRefused
from dashboard.log_in import CodeForm
from dashboard.services.second_factor import (
    device_of,
    enrolment_begin,
    enrolment_confirm,
    recovery_codes_left,
    recovery_codes_renew,
)
from dashboard.services.sessions import sessions_of_person_end


def must_enrol(request: HttpRequest) -> bool:
    """Whether the person has to set up a second factor before anything else."""
    return is_unconfirmed(request) and device_of(_person(request)) is None


def is_unconfirmed(request: HttpRequest) -> bool:
    """Whether a code is required, and this session was not confirmed by one."""
    user: Any = request.user
    return settings.SECOND_FACTOR == "required" and user.is_authenticated and not user.is_verified()


def second_factor_view(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """`context` is that of the site. A right code leads to the recovery codes, which are shown this once."""
    user, form = _person(request), CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            codes = _codes(request, user, form.cleaned_data["code"])
        except CodeRefused as error:
            form.add_error("code", error.detail)
        else:
            return TemplateResponse(request, "admin/recovery_codes.html", {**context, "codes": codes})
    return TemplateResponse(request, "admin/second_factor.html", {**context, **_facts(user), "form": form})


def _codes(request: HttpRequest, user: User, code: str) -> list[str]:
    now = timezone.now()
    if device_of(user) is not None:
        return recovery_codes_renew(user=user, code=code, now=now)
    device, codes = enrolment_confirm(user=user, code=code, now=now)
    confirm_session(request, device)
    actor, keep_key = user.get_username(), request.session.session_key
    sessions_of_person_end(user=user, keep_key=keep_key, actor=actor, now=now)
    return codes


def _facts(user: User) -> dict[str, Any]:
    if (device := device_of(user)) is not None:
        return {"device": device, "codes_left": recovery_codes_left(user)}
    begun = enrolment_begin(user=user)
    key = b32encode(begun.bin_key).decode()
    spaced = " ".join(key[place : place + 4] for place in range(0, len(key), 4))
    return {"picture": qr_code(begun.config_url), "key": spaced, "is_required": settings.SECOND_FACTOR == "required"}


def qr_code(text: str) -> SafeString:
    """Dark on light in either theme: not every camera reads the inverse."""
    drawn = segno.make(text, error="m", micro=False)
    return SafeString(drawn.svg_inline(scale=5, light="#fff", svgclass="qr", lineclass=None))


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)
