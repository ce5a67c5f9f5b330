"""Policies: what each version says, in words, and a form that publishes the next one."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ledger.admin.base import ReadOnlyAdmin
from ledger.admin.card_numbers import NoCardNumbers
from ledger.admin.words import badge
from scoring.domain.policy import Policy
from scoring.models import PolicyVersion
from scoring.selectors.policies import policy_from
from scoring.services.policies import DEFAULT_THRESHOLDS, policy_publish
from sentinel.core.money import AmountError, format_money, parse_amount

_SCORES = {"percentile": "score percentile", "probability": "fraud probability"}
_VERBS = {"decline": "Decline", "review": "Review"}
_THRESHOLDS = tuple(f"{verb}_{score}" for score in _SCORES for verb in ("review", "decline"))


def _threshold(label: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_value=1, decimal_places=6, help_text="0 to 1. Empty: not used."
    )


class PolicyForm(NoCardNumbers, forms.ModelForm[PolicyVersion]):
    """Thresholds as decimals; the limits without a model as one line per currency."""

    review_percentile = _threshold("Review from score percentile")
    decline_percentile = _threshold("Decline from score percentile")
    review_probability = _threshold("Review from fraud probability")
    decline_probability = _threshold("Decline from fraud probability")
    limits = forms.CharField(
        label="Without a model, review above",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "cols": 30}),
        help_text="One amount a line, such as 5000.00 INR. In any other currency every payment is reviewed.",
    )

    class Meta:
        model = PolicyVersion
        fields = ("note",)

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

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for score, words in _SCORES.items():
            review, decline = cleaned.get(f"review_{score}"), cleaned.get(f"decline_{score}")
            if review is not None and decline is not None and decline <= review:
                self.add_error(f"decline_{score}", f"No {words} would lead to a review: decline from a higher one.")
        return cleaned

    def thresholds(self) -> dict[str, Any]:
        """As policy_publish takes them."""
        told = self.cleaned_data
        used = {name: float(told[name]) for name in _THRESHOLDS if told[name] is not None}
        return {**used, "degraded_review_above": told["limits"]}


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    form = PolicyForm
    list_display = ("number", "sentence", "published_by", "published_at", "note", "standing")
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[PolicyVersion]:
        newest = PolicyVersion.objects.order_by("-number").values("number")[:1]
        return PolicyVersion.objects.annotate(live_number=Subquery(newest)).order_by("-number")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("scoring.add_policyversion")

    def get_fieldsets(self, request: HttpRequest, obj: PolicyVersion | None = None) -> Any:
        if obj is not None:
            shown = ("number", "standing", "thresholds_table", "note", "published_by", "published_at")
            return ((None, {"fields": shown}),)
        return (
            ("Score percentile: where the payment stands among all payments", {"fields": _THRESHOLDS[:2]}),
            ("Fraud probability: of a model that learned from labels", {"fields": _THRESHOLDS[2:]}),
            ("When no model answers", {"fields": ("limits",)}),
            (None, {"fields": ("note",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: PolicyVersion | None = None) -> tuple[str, ...]:
        return ("standing", "thresholds_table") if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Starts from the live policy."""
        newest = PolicyVersion.objects.first()
        thresholds = dict(newest.thresholds if newest else DEFAULT_THRESHOLDS)
        limits = thresholds.pop("degraded_review_above", {})
        lines = "\n".join(f"{amount} {currency}" for currency, amount in sorted(limits.items()))
        return {**thresholds, "limits": lines}

    def save_model(self, request: HttpRequest, obj: PolicyVersion, form: Any, change: bool) -> None:
        made = policy_publish(
            thresholds=form.thresholds(), actor=request.user.get_username(), note=obj.note, now=timezone.now()
        )
        obj.number, obj.published_at = made.number, made.published_at

    def audit_subject(self, object_id: str) -> str:
        return f"policy {object_id}"

    @admin.display(description="what it says")
    def sentence(self, version: PolicyVersion) -> str:
        lines = [f"{verb.lower()} from {words} {value:g}" for verb, words, value in _lines(_policy(version))]
        return "; ".join(lines).capitalize() or "Only rules decide."

    @admin.display(description="state")
    def standing(self, version: Any) -> SafeString:
        return badge("live" if version.number == version.live_number else "past")

    @admin.display(description="thresholds")
    def thresholds_table(self, version: PolicyVersion) -> SafeString:
        policy = _policy(version)
        scores = ((f"{verb} when the {words} is at least", f"{value:g}") for verb, words, value in _lines(policy))
        limits = (
            ("Without a model, review above", format_money(parse_amount(amount, currency), currency))
            for currency, amount in policy.degraded_review_above
        )
        other = [("Without a model, in any other currency", "review every payment")]
        rows = format_html_join("", "<tr><th>{}</th><td>{}</td></tr>", [*scores, *limits, *other])
        return format_html('<table class="facts">{}</table>', rows)


def _policy(version: PolicyVersion) -> Policy:
    return policy_from(version.number, version.thresholds)


def _lines(policy: Policy) -> list[tuple[str, str, float]]:
    """Verb, score and threshold, the severest first."""
    return [
        (word, words, value)
        for verb, word in _VERBS.items()
        for score, words in _SCORES.items()
        if (value := getattr(policy, f"{verb}_{score}")) is not None
    ]
