"""What analysts type, checked before a service is called. Errors name the row of the expression."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from ledger.admin.card_numbers import NoCardNumbers
from rules.admin.builder import ConditionsWidget
from rules.admin.json_text import read_json
from rules.domain.definitions import RuleDraft
from rules.domain.validation import parse_expression
from rules.errors import InvalidExpression
from rules.models import Rule
from rules.models.rules import ACTIONS, REASON_CODE_SHAPE
from rules.selectors import list_types, rule_latest_version
from rules.services.list_changes import lists_of_rule_check
from sentinel.core.outcomes import Action

EXPRESSION_LENGTH_MAX = 100_000
EXPRESSION_HELP = (
    "The conditions are written as text here; with JavaScript they are rows to fill in. "
    'A group is {"combinator": "all", "any" or "none", "conditions": [...]}. A condition names a "field" and an '
    '"operator", and compares with a "value", an "other_field" or a "list". Money is '
    '{"amount": "5000.00", "currency": "INR"}. A condition on a missing value never holds, except is_missing.'
)


class ExpressionField(forms.CharField):
    """JSON text, read into an expression that is valid against the catalogue and the lists there are."""

    widget = ConditionsWidget(attrs={"rows": 18, "cols": 100, "spellcheck": "false", "class": "vLargeTextField"})

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str | None) else json.dumps(value, indent=2, ensure_ascii=False)

    def clean(self, value: Any) -> Any:
        expression = read_json(super().clean(value))
        try:
            parse_expression(expression, list_types())
        except InvalidExpression as error:
            raise ValidationError([each.message for each in error.errors]) from None
        return expression


class RuleForm(NoCardNumbers, forms.ModelForm):  # type: ignore[type-arg]
    action = forms.ChoiceField(choices=ACTIONS, initial=Action.REVIEW.value)
    reason_code = forms.RegexField(
        REASON_CODE_SHAPE, max_length=60, help_text="Stable, for machines, such as rule.foreign_high_amount."
    )
    reason_words = forms.CharField(max_length=200, help_text="What reviewers and the gateway read.")
    expression = ExpressionField(max_length=EXPRESSION_LENGTH_MAX, label="Conditions", help_text=EXPRESSION_HELP)

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

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                lists_of_rule_check(self.draft)
            except InvalidExpression as error:
                self.add_error("expression", [each.message for each in error.errors])
        return cleaned
