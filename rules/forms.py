"""What analysts type, checked before a service is called. Errors name the row of the expression."""

import json
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from ledger.admin.card_numbers import NoCardNumbers
from rules.domain.definitions import RuleDraft
from rules.domain.lists import ItemType, normalise_item
from rules.domain.validation import parse_expression
from rules.errors import InvalidExpression, InvalidListItem
from rules.models import List, ListItem, Rule
from rules.models.rules import ACTIONS, REASON_CODE_SHAPE
from rules.selectors import list_types, rule_latest_version
from sentinel.core.outcomes import Action

EXPRESSION_LENGTH_MAX = 100_000
EXPRESSION_HELP = (
    'A group {"combinator": "all", "any" or "none", "conditions": [...]}. A condition names a "field" and an '
    '"operator", and compares with a "value", an "other_field" or a "list". Money is '
    '{"amount": "5000.00", "currency": "INR"}. A condition on a missing value never holds, except is_missing.'
)


class ExpressionField(forms.CharField):
    """JSON text, read into an expression that is valid against the catalogue and the lists there are."""

    widget = forms.Textarea(attrs={"rows": 18, "cols": 100, "spellcheck": "false", "class": "vLargeTextField"})

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str | None) else json.dumps(value, indent=2, ensure_ascii=False)

    def clean(self, value: Any) -> Any:
        expression = _read_json(super().clean(value))
        try:
            parse_expression(expression, list_types())
        except InvalidExpression as error:
            raise ValidationError([each.message for each in error.errors]) from None
        return expression


def _read_json(text: str) -> object:
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise ValidationError(f"This is not JSON: {error.msg} in line {error.lineno}.") from None
    except (ValueError, RecursionError):
        raise ValidationError("This is not JSON that can be read: it is too deep, or a number is too long.") from None


def _without_duplicates(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise ValidationError("A key stands twice in one group or condition. Remove one of the two.")
    return dict(pairs)


class RuleForm(NoCardNumbers, forms.ModelForm):  # type: ignore[type-arg]
    action = forms.ChoiceField(choices=ACTIONS, initial=Action.REVIEW.value)
    reason_code = forms.RegexField(
        REASON_CODE_SHAPE, max_length=60, help_text="Stable, for machines, such as rule.foreign_high_amount."
    )
    reason_words = forms.CharField(max_length=200, help_text="What reviewers and the gateway read.")
    expression = ExpressionField(max_length=EXPRESSION_LENGTH_MAX, label="conditions", help_text=EXPRESSION_HELP)

    class Meta:
        model = Rule
        fields = ("code", "name", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = rule_latest_version(self.instance)
        for name in ("action", "reason_code", "reason_words", "expression") if latest else ():
            self.initial.setdefault(name, getattr(latest, name))

    @property
    def draft(self) -> RuleDraft:
        cleaned = self.cleaned_data
        return RuleDraft(
            Action(cleaned["action"]), cleaned["reason_code"], cleaned["reason_words"], cleaned["expression"]
        )


class ListForm(NoCardNumbers, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = List
        fields = ("name", "item_type", "description")


class ListItemForm(NoCardNumbers, forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ListItem
        fields = ("value", "reason", "expires_at")

    def clean_value(self) -> str:
        try:
            return normalise_item(self.cleaned_data["value"], ItemType(self.instance.list.item_type))
        except InvalidListItem as error:
            raise ValidationError(error.detail) from None

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= timezone.now():
            raise ValidationError("Choose a moment in the future, or leave it empty.")
        return expires_at
