"""Rules that are live for the length of a block."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from django.utils import timezone

from rules.domain.definitions import RuleDraft
from rules.domain.stages import Stage
from rules.models import Rule
from rules.services.shipped import shipped_rule_take_out, shipped_rules_publish
from sentinel.core.outcomes import Action


@contextmanager
def live_rules(*, reason_code: str = "", **expressions: Any) -> Iterator[None]:
    """One rule per action: live_rules(review={...}, decline={...}); a single condition may stand for a group."""
    rules = [_publish(Action(action), expression, reason_code) for action, expression in expressions.items()]
    try:
        yield
    finally:
        for rule in rules:
            shipped_rule_take_out(rule=rule, now=timezone.now())


def _publish(action: Action, expression: Any, reason_code: str) -> Rule:
    code = f"test_{uuid4().hex[:8]}"
    if "combinator" not in expression:
        expression = {"combinator": "all", "conditions": [expression]}
    rule = Rule(code=code, name=code)
    draft = RuleDraft(
        action=action, reason_code=reason_code or f"rule.{code}", reason_words="A test rule", expression=expression
    )
    shipped_rules_publish(rules=[(rule, draft, Stage.LIVE)], note="tests", now=timezone.now())
    return rule


def simulate(rule: Rule) -> None:
    """What the rule's latest version would have done today, worked off in this thread."""
    from rules.services.simulating import simulation_run
    from rules.services.simulations import simulation_request

    version = rule.versions.latest("number")
    simulation = simulation_request(actor="tests", version=version, days=1, now=timezone.now())
    simulation_run(simulation_id=simulation.pk, clock=timezone.now)
