"""How soon cases are due, how long locks and verdicts can wait, and what currencies are worth."""

from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from dashboard.views.reviewing.acting import may_or_refuse
from ledger.domain.cases import MICRO
from ledger.models import ReportingRate, ReviewTerms
from ledger.selectors.review_terms import review_terms
from ledger.services.review_terms import Terms, reporting_rate_set, review_terms_set
from sentinel.core.errors import InvalidRequest

EARLIER_SHOWN = 50


class TermsForm(forms.Form):
    due_minutes = forms.IntegerField(label="Due after, in minutes", help_text="Counted from when a case is opened.")
    urgent_percentile = forms.FloatField(
        label="Urgent from score", help_text="Of this percentile or more a case is due sooner. Between 0 and 1."
    )
    urgent_due_minutes = forms.IntegerField(label="Urgent ones due after, in minutes")
    lock_minutes = forms.IntegerField(
        label="A lock lasts, in minutes", help_text="How long a case is one's own after taking it."
    )
    open_cap_per_reviewer = forms.IntegerField(
        label="Shared out to one person, at most", help_text="Open cases of a person, when they are shared out."
    )
    undo_seconds = forms.IntegerField(
        label="A verdict can be taken back for, in seconds", help_text="0: it is applied at once."
    )


class RateForm(forms.Form):
    currency = forms.CharField(max_length=3, help_text="Such as EUR.")
    rate_micro = forms.DecimalField(max_digits=15, decimal_places=6)
    from_day = forms.DateField(
        label="From the day", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rate_micro"].label = f"One unit is worth, in {settings.REPORTING_CURRENCY}"


def terms(request: HttpRequest) -> HttpResponse:
    """Whoever may see them sees them; POST with `set`, "terms" or "rate", adds newer ones."""
    may_manage = request.user.has_perm("ledger.manage_case")
    if not (may_manage or request.user.has_perm("ledger.view_reviewterms")):
        raise PermissionDenied
    current, now, asked = review_terms(), timezone.now(), request.POST.get("set", "")
    terms_form = TermsForm(
        request.POST if asked == "terms" else None,
        initial={field.name: getattr(current, field.name) for field in fields(Terms)},
    )
    rate_form = RateForm(request.POST if asked == "rate" else None, initial={"from_day": now.date()}, prefix="rate")
    if request.method == "POST":
        may_or_refuse(request, "ledger.manage_case")
        if _set_terms(request, terms_form, now) or _set_rate(request, rate_form, now):
            return redirect("admin:review_terms")
    context = {
        **admin.site.each_context(request),
        "title": "Terms of reviews",
        "may_manage": may_manage,
        "terms_form": terms_form,
        "rate_form": rate_form,
        "current": current,
        "earlier": ReviewTerms.objects.order_by("-id")[:EARLIER_SHOWN],
        "rates": [(rate, _decimal(rate.rate_micro)) for rate in _rates()],
        "reporting_currency": settings.REPORTING_CURRENCY,
    }
    return TemplateResponse(request, "dashboard/reviewing/terms.html", context)


def _set_terms(request: HttpRequest, form: TermsForm, now: datetime) -> bool:
    if not form.is_valid():
        return False
    try:
        review_terms_set(terms=Terms(**form.cleaned_data), actor=request.user.get_username(), now=now)
    except InvalidRequest as refusal:
        return _refuse(form, refusal)
    messages.success(request, "These terms hold from now on; due times for cases opened from now on.")
    return True


def _set_rate(request: HttpRequest, form: RateForm, now: datetime) -> bool:
    if not form.is_valid():
        return False
    told = form.cleaned_data
    try:
        reporting_rate_set(
            currency=told["currency"].upper(),
            from_day=told["from_day"],
            rate_micro=int(told["rate_micro"] * MICRO),
            actor=request.user.get_username(),
            now=now,
        )
    except InvalidRequest as refusal:
        return _refuse(form, refusal)
    messages.success(request, "The rate holds for cases that are opened from now on.")
    return True


def _refuse(form: forms.Form, refusal: InvalidRequest) -> bool:
    for error in refusal.errors:
        form.add_error(error.field, error.message)
    return False


def _rates() -> Any:
    return ReportingRate.objects.order_by("-id")[:EARLIER_SHOWN]


def _decimal(rate_micro: int) -> str:
    return f"{(Decimal(rate_micro) / MICRO).normalize():f}"
