"""The form that drafts a policy: thresholds, bands as rows, limits without a model."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict

from ledger.admin.card_numbers import NoCardNumbers
from scoring.domain.policy import SCORE_WORDS, THRESHOLDS
from scoring.domain.policy_json import BANDS_MAX, LIMITS, policy_errors
from scoring.domain.policy_words import CHANNEL_WORDS
from scoring.models import PolicyVersion
from sentinel.core.catalogue import CHANNELS
from sentinel.core.errors import FieldError
from sentinel.core.money import AmountError, parse_amount

EMPTY_ROWS = 1


def _threshold(label: str, help_text: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_value=1, decimal_places=6, help_text=help_text
    )


def _label(name: str) -> str:
    """ "review_percentile" is "Review from score percentile"."""
    verb, _, score = name.partition("_")
    return f"{verb.capitalize()} from {SCORE_WORDS[score]}"


class PolicyForm(NoCardNumbers, forms.ModelForm[PolicyVersion]):
    """Thresholds as decimals; the limits without a model as one line per currency."""

    review_percentile = _threshold(_label("review_percentile"), "0 to 1. Empty: not used.")
    decline_percentile = _threshold(_label("decline_percentile"), "0 to 1. Empty: not used.")
    review_probability = _threshold(_label("review_probability"), "0 to 1. Empty: not used.")
    decline_probability = _threshold(_label("decline_probability"), "0 to 1. Empty: not used.")
    limits = forms.CharField(
        label="Without a model, review above",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "cols": 30}),
        help_text="One amount a line, such as 5000.00 INR. In any other currency every payment is reviewed.",
    )

    class Meta:
        model = PolicyVersion
        fields = ("note",)
        labels = {"note": "Why"}
        help_texts = {"note": "For your colleagues. It is kept for ever."}

    def clean_limits(self) -> dict[str, str]:
        limits: dict[str, str] = {}
        for line in filter(str.strip, self.cleaned_data["limits"].splitlines()):
            amount, _, currency = line.strip().partition(" ")
            try:
                parse_amount(amount, currency.strip().upper())
            except AmountError as error:
                raise forms.ValidationError(f"“{line.strip()}”: {error}") from None
            limits[currency.strip().upper()] = amount
        return limits


class BandForm(NoCardNumbers, forms.Form):
    """One row. Left empty, it is no band."""

    channels = forms.MultipleChoiceField(
        label="Channels",
        required=False,
        choices=[(channel, CHANNEL_WORDS.get(channel, channel)) for channel in CHANNELS],
        widget=forms.CheckboxSelectMultiple,
    )
    currency = forms.CharField(
        label="Currency",
        required=False,
        max_length=3,
        widget=forms.TextInput(attrs={"placeholder": "any", "size": 4}),
    )
    amount_from = forms.CharField(label="Amount from", required=False, max_length=20)
    amount_below = forms.CharField(label="Amount below", required=False, max_length=20)
    review_percentile = _threshold("Review from percentile")
    decline_percentile = _threshold("Decline from percentile")
    review_probability = _threshold("Review from probability")
    decline_probability = _threshold("Decline from probability")

    def band(self) -> dict[str, Any]:
        """As it is stored; empty for a row that was left empty."""
        told = {name: value for name, value in self.cleaned_data.items() if name in self.base_fields}
        told["currency"] = told.get("currency", "").strip().upper()
        return {
            name: float(value) if name in THRESHOLDS else value
            for name, value in told.items()
            if value not in ("", None, [])
        }


class _Bands(forms.BaseFormSet[BandForm]):
    def add_fields(self, form: BandForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["ORDER"].label = "Order"
        form.fields["DELETE"].label = "Remove this band"


BandFormSet = forms.formset_factory(
    BandForm, formset=_Bands, extra=EMPTY_ROWS, can_order=True, can_delete=True, max_num=BANDS_MAX, validate_max=True
)


def with_more_rows(data: QueryDict) -> QueryDict:
    """What was typed, with some more empty bands."""
    more = data.copy()
    told = more.get("bands-TOTAL_FORMS", "")
    more["bands-TOTAL_FORMS"] = str(min(BANDS_MAX, (int(told) if told.isdecimal() else 0) + EMPTY_ROWS))
    return more


class Draft:
    """Both forms as one: what they say of a policy, and where its errors go."""

    def __init__(self, data: Any = None, thresholds: dict[str, Any] | None = None) -> None:
        stored = dict(thresholds or {})
        limits = stored.pop(LIMITS, {})
        lines = "\n".join(f"{amount} {currency}" for currency, amount in sorted(limits.items()))
        self.form = PolicyForm(data, initial={**stored, "limits": lines})
        self.bands = BandFormSet(data, initial=stored.get("bands", []), prefix="bands")
        self.thresholds: dict[str, Any] = {}

    def is_valid(self) -> bool:
        """Also tries the whole as it would be saved, and shows each error in its row."""
        if not (self.form.is_valid() & self.bands.is_valid()):
            return False
        rows = [form for form in self._rows() if form.band()]
        self.thresholds = self._told([form.band() for form in rows])
        for error in policy_errors(self.thresholds):
            _show(error, self.form, rows)
        return self.form.is_valid() and not any(form.errors for form in rows)

    def _rows(self) -> Iterable[BandForm]:
        """In their order; without those to be removed."""
        return [form for form in self.bands.ordered_forms if not form.cleaned_data.get("DELETE")]

    def _told(self, bands: list[dict[str, Any]]) -> dict[str, Any]:
        told = self.form.cleaned_data
        used = {name: float(told[name]) for name in THRESHOLDS if told[name] is not None}
        return {**used, LIMITS: told["limits"], **({"bands": bands} if bands else {})}


def _show(error: FieldError, form: PolicyForm, rows: list[BandForm]) -> None:
    """At the field of the band it names ("bands.2.currency"), else at the policy's, else above the form."""
    first, _, rest = error.field.partition(".")
    number, _, name = rest.partition(".")
    if first == "bands" and number.isdigit():
        rows[int(number) - 1].add_error(name if name in BandForm.base_fields else None, error.message)
    else:
        form.add_error(first if first in form.fields else None, error.message)
