"""Giving an approved payment back from its page, whole or in part."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from ledger.admin.card_numbers import NoCardNumbers
from ledger.models import Transaction
from ledger.selectors.transactions import TransactionState, transaction_status
from ledger.services.reversals import REVERSIBLE, reversal_by_person
from sentinel.core.errors import SentinelError
from sentinel.core.money import AmountError, parse_amount


class ReversalForm(NoCardNumbers, forms.Form):
    amount = forms.CharField(required=False, max_length=20, help_text="Empty: all that is left.")
    reason = forms.CharField(
        max_length=200, widget=forms.Textarea(attrs={"rows": 2}), help_text="Why. It is kept with the reversal."
    )
    left_minor = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._currency = currency
        self.fields["amount"].label = f"Amount in {currency}"

    def clean_amount(self) -> int | None:
        """Minor units; None for all that is left."""
        text = self.cleaned_data["amount"].strip()
        try:
            minor = parse_amount(text, self._currency) if text else None
        except AmountError as error:
            raise ValidationError(str(error)) from None
        if minor is not None and minor <= 0:
            raise ValidationError("Give back more than nothing.")
        return minor


def reverse_payment(request: HttpRequest, payment: Transaction) -> HttpResponse:
    """Asks for amount and reason, then does it. A refusal is said beside what was typed."""
    state = transaction_status(payment)
    left_minor = payment.amount_minor - state.reversed_minor
    sent = request.POST if request.method == "POST" else None
    form = ReversalForm(payment.currency, sent, initial={"left_minor": left_minor})
    if form.is_valid():
        try:
            return _reverse(request, payment, form.cleaned_data)
        except SentinelError as error:
            form.add_error("amount" if error.errors else None, error.detail)
            form.data = {**request.POST.dict(), "left_minor": str(_left_now(payment))}  # the next try has seen it
    context = {
        **admin.site.each_context(request),
        "title": "Give money back",
        "payment": payment,
        "status": state.status.value,
        "is_reversible": is_reversible(state),
        "left_minor": left_minor,
        "form": form,
    }
    return TemplateResponse(request, "admin/ledger/transaction/reverse.html", context)


def is_reversible(state: TransactionState) -> bool:
    return state.status in REVERSIBLE


def _reverse(request: HttpRequest, payment: Transaction, told: dict[str, Any]) -> HttpResponse:
    made = reversal_by_person(
        payment=payment,
        amount_minor=told["amount"],
        left_seen_minor=told["left_minor"],
        reason=told["reason"],
        actor=request.user.get_username(),
        now=timezone.now(),
    )
    messages.success(request, f"{made['amount']} {made['currency']} was given back; {made['left']} is left.")
    return HttpResponseRedirect(reverse("admin:ledger_transaction_change", args=[payment.pk]))


def _left_now(payment: Transaction) -> int:
    return payment.amount_minor - transaction_status(payment).reversed_minor
