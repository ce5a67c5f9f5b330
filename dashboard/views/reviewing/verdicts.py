"""A verdict on a case, and taking it back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from dashboard.views.reviewing.acting import acts_on_case, go_on
from dashboard.views.reviewing.besides import extras_read
from dashboard.views.reviewing.words import verdicts_told
from ledger.domain.cases import Verdict
from ledger.errors import CaseUnknown, VerdictGone
from ledger.models import Transaction
from ledger.services.cases.verdicts import Given, verdict_give, verdict_undo
from sentinel.core.errors import FieldError, InvalidRequest


@acts_on_case("verdict")
def give(request: HttpRequest, case_id: UUID, now: datetime) -> HttpResponse:
    """Then on to the next case, where the verdict can be taken back."""
    payment = Transaction.objects.filter(pk=case_id).first()
    if payment is None:
        raise CaseUnknown
    extras = extras_read(request.user, payment, request.POST.dict(), now)
    given = given_read(request.POST.dict(), extras=extras)
    pending = verdict_give(case_id=case_id, given=given, user=request.user, now=now)
    if pending.apply_at <= now:  # it cannot be taken back, so no bar tells of it
        messages.success(request, verdicts_told([pending]))
    return go_on(request, livemode=payment.livemode, now=now)


@acts_on_case("undo")
def undo(request: HttpRequest, case_id: UUID, now: datetime) -> HttpResponse:
    """Back on that case, which is one's own again."""
    try:
        verdict_undo(case_id=case_id, user=request.user, now=now)
    except VerdictGone as gone:
        messages.error(request, f"{gone.detail}.")
    else:
        messages.success(request, "The verdict was taken back. The case is yours again.")
    return redirect("admin:case", case_id)


def given_read(sent: Mapping[str, str], **besides: Any) -> Given:
    """Errors: InvalidRequest for a verdict that is none. Whether the rest fits is for the service to say."""
    try:
        verdict = Verdict(sent.get("verdict", ""))
    except ValueError:
        words = "Choose a verdict."
        raise InvalidRequest(words, errors=[FieldError("verdict", "unknown", words)]) from None
    return Given(verdict, sent.get("reason", ""), sent.get("note", "").strip(), **besides)
