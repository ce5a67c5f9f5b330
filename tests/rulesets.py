"""Rules that are live for the length of a block, published as an analyst would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.utils import timezone

from rules.domain.definitions import RuleDraft
from rules.models import Rule
from rules.services.rules import rule_disable, rule_save
from sentinel.core.outcomes import Action


@contextmanager
def live_rules(*, reason_code: str = "", **expressions: Any) -> Iterator[None]:
    """One rule per action: live_rules(review={...}, decline={...}); a single condition may stand for a group."""
    rules = [_publish(Action(action), expression, reason_code) for action, expression in expressions.items()]
    try:
        yield
    finally:
        for rule in rules:
            rule_disable(actor="tests", rule=rule, now=timezone.now())


def _publish(action: Action, expression: Any, reason_code: str) -> Rule:
    code = f"test_{uuid4().hex[:8]}"
    if "combinator" not in expression:
        expression = {"combinator": "all", "conditions": [expression]}
    rule = Rule(code=code, name=code, is_enabled=True)
    draft = RuleDraft(
        action=action, reason_code=reason_code or f"rule.{code}", reason_words="A test rule", expression=expression
    )
    rule_save(actor="tests", rule=rule, draft=draft, now=timezone.now())
    return rule
