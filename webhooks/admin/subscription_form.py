"""A wish to hear of something, in plain words."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from sentinel.core.errors import InvalidRequest
from sentinel.core.money import EXPONENTS, AmountError, format_amount, parse_amount
from webhooks.domain.alert_rules import OUTCOMES
from webhooks.models import AlertSubscription
from webhooks.services.subscriptions import SubscriptionTerms, terms_check

WINDOWS = {5: "5 minutes", 15: "15 minutes", 60: "an hour", 240: "4 hours", 1440: "a day", 10_080: "a week"}
_SHARE = "From 0 to 1, such as 0.9."


class SubscriptionForm(forms.ModelForm):  # type: ignore[type-arg]
    outcomes = forms.MultipleChoiceField(
        required=False,
        choices=list(OUTCOMES.items()),
        widget=forms.CheckboxSelectMultiple,
        label="That were",
        help_text="None ticked: whatever was decided.",
    )
    amount_min = forms.CharField(
        required=False, max_length=25, label="Of at least", help_text="An amount such as 5000.00, with its currency."
    )
    currency = forms.ChoiceField(required=False, choices=[("", "-"), *((each, each) for each in sorted(EXPONENTS))])
    window_minutes = forms.TypedChoiceField(
        coerce=int,
        choices=list(WINDOWS.items()),
        initial=60,
        label="At most one mail in",
        help_text="About the same subject. What happens meanwhile is counted, and the next mail says how often.",
    )

    class Meta:
        model = AlertSubscription
        fields = (
            *("about", "outcomes", "probability_min", "percentile_min", "currency", "rule"),
            *("window_minutes", "is_active"),
        )
        labels = {
            "about": "Write to me of",
            "probability_min": "Fraud probability of at least",
            "percentile_min": "Score percentile of at least",
            "rule": "Hit by the rule",
            "is_active": "On",
        }
        help_texts = {
            "probability_min": f"{_SHARE} Only a model trained on labels gives one.",
            "percentile_min": f"{_SHARE} How unusual a payment is: 0.99 is the most unusual hundredth.",
            "is_active": "Switched off, it stays in your list and nothing is written.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.amount_min_minor is not None:
            amount = format_amount(self.instance.amount_min_minor, self.instance.currency)
            self.initial.setdefault("amount_min", amount)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.instance.amount_min_minor = self._amount_min_minor(cleaned)
        if not self.errors:
            try:
                terms_check(self.terms)
            except InvalidRequest as error:
                for each in error.errors:
                    self.add_error(each.field, each.message)
        return cleaned

    def _amount_min_minor(self, cleaned: dict[str, Any]) -> int | None:
        text, currency = cleaned.get("amount_min", ""), cleaned.get("currency", "")
        if not (text and currency):
            if text:
                self.add_error("currency", "Choose the currency of the amount.")
            elif currency:
                self.add_error("amount_min", "Give an amount, or no currency.")
            return None
        try:
            return parse_amount(text, currency)
        except AmountError as error:
            self.add_error("amount_min", ValidationError(str(error), code=error.code))
            return None

    @property
    def terms(self) -> SubscriptionTerms:
        cleaned = self.cleaned_data
        return SubscriptionTerms(
            about=cleaned["about"],
            outcomes=tuple(cleaned["outcomes"]),
            probability_min=cleaned["probability_min"],
            percentile_min=cleaned["percentile_min"],
            amount_min_minor=self.instance.amount_min_minor,
            currency=cleaned["currency"],
            rule_id=cleaned["rule"].pk if cleaned["rule"] else None,
            window_minutes=cleaned["window_minutes"],
            is_active=cleaned["is_active"],
        )
