"""The log-in of the Admin: the password first, then the code of whoever has a second factor."""

import time
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.generic import FormView

from dashboard.errors import CodeRefused
from dashboard.services.first_passwords import first_password_is_over, first_password_note
from dashboard.services.second_factor import code_check, device_of
from dashboard.services.sessions import session_begin
from sentinel.core.card_numbers import contains_card_number

_PENDING = "password_given"
_PENDING_SECONDS = 300
_BACKEND = "django.contrib.auth.backends.ModelBackend"


def locked_error() -> ValidationError:
    """The same words whether or not somebody has that name."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    return ValidationError(
        f"Too many log-ins have failed, so none is accepted now. Try again in {minutes} minutes,"
        " or ask an administrator of people to unlock you.",
        code="locked",
    )


class LogInForm(AdminAuthenticationForm):
    def clean_username(self) -> str:
        """Who tries is written down, and a card number never is."""
        name: str = self.cleaned_data["username"]
        if contains_card_number(name):
            raise ValidationError("This is no user name: it holds a full card number.", code="card_number")
        return name

    def get_invalid_login_error(self) -> ValidationError:
        is_locked = getattr(self.request, "axes_locked_out", False)
        return locked_error() if is_locked else super().get_invalid_login_error()

    def confirm_login_allowed(self, user: Any) -> None:
        super().confirm_login_allowed(user)
        if first_password_is_over(user=user, now=timezone.now()):
            words = "The password you were given is too old. Ask an administrator of people for another one."
            raise ValidationError(words, code="first_password_over")


class LogInView(LoginView):
    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        if device_of(user) is None:
            answer = super().form_valid(form)
            _begin(self.request)
            return answer
        until = time.time() + _PENDING_SECONDS
        self.request.session[_PENDING] = [user.pk, user.get_session_auth_hash(), until]
        query = urlencode({self.redirect_field_name: self.get_success_url()})
        return HttpResponseRedirect(f"{reverse('admin:log_in_code')}?{query}")


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
        help_text="Six digits of your authenticator app, or one of your recovery codes.",
    )


class CodeView(LoginView, FormView[CodeForm]):
    """The second step. Without the first, or five minutes after it, it begins anew."""

    form_class = CodeForm  # type: ignore[assignment]
    authentication_form = None
    template_name = "admin/log_in_code.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if (user := _user_pending(request)) is None:
            request.session.pop(_PENDING, None)
            return HttpResponseRedirect(reverse("admin:login"))
        self.user = user
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        kwargs.pop("request", None)
        return kwargs

    def form_valid(self, form: Any) -> HttpResponse:
        credentials = {"username": self.user.get_username()}
        if not AxesProxyHandler.is_allowed(self.request, credentials):
            form.add_error(None, locked_error())
            return self.form_invalid(form)
        try:
            device = code_check(user=self.user, code=form.cleaned_data["code"])
        except CodeRefused as error:
            user_login_failed.send(sender=__name__, credentials=credentials, request=self.request)
            form.add_error("code", error.detail)
            return self.form_invalid(form)
        del self.request.session[_PENDING]
        self.user.otp_device = device  # type: ignore[attr-defined]
        login(self.request, self.user, backend=_BACKEND)
        _begin(self.request)
        return HttpResponseRedirect(self.get_success_url())


def _begin(request: HttpRequest) -> None:
    session_begin(request)
    first_password_note(request)


def _user_pending(request: HttpRequest) -> User | None:
    """Whose password was given of late, and has not changed since."""
    pk, password_hash, until = request.session.get(_PENDING, (None, "", 0))
    user = User.objects.filter(pk=pk, is_active=True, is_staff=True).first() if until > time.time() else None
    return user if user and user.get_session_auth_hash() == password_hash else None
