"""Payments replayed through the real pipeline: a simulation finds the very hits that were recorded.

The starter rules, a list that changes half way, and rules made by chance are live. REPLAY_ROWS sets how many
payments there are; with more than the file has, it is sent again for other customers.
"""

import os
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from ledger.models import Decision
from rules.domain.definitions import RuleDraft
from rules.domain.expressions import fields_used, lists_used
from rules.domain.lists import ItemType
from rules.domain.simulation import RuleSimulation, Span
from rules.domain.stages import Stage
from rules.domain.starter_rules import STARTER_RULES
from rules.domain.validation import parse_expression
from rules.errors import InvalidExpression
from rules.models import List, Rule
from rules.selectors import rules_live
from rules.services.lists import list_item_add, list_save
from rules.services.shipped import shipped_rule_take_out, shipped_rules_publish
from rules.services.starter import starter_rules_install
from rules.simulation.lists import list_histories
from rules.simulation.reading import read_past
from scoring.services.payments import Payment
from sentinel.core.catalogue import FIELDS, Field, FieldType
from sentinel.core.ids import first_uuid7_at
from sentinel.core.outcomes import Action
from tests.journeys.replayed import CATEGORIES, COUNTRIES, decide_all, replayed_payments
from tests.rules.examples import group, row

pytestmark = pytest.mark.journey

ROWS = int(os.environ.get("REPLAY_ROWS", "2000"))
RULES_BY_CHANCE = 40


@pytest.fixture
def rules_by_chance(committed) -> Iterator[List]:
    """Live until the test is over. Returns the list they look into."""
    now = timezone.now()
    starter_rules_install(now=now)
    item_list = List(name=f"watched_{uuid4().hex[:8]}", item_type=ItemType.MERCHANT)
    list_save(actor="tests", item_list=item_list, now=now)
    made = _write_rules(item_list.name, now)
    yield item_list
    for rule in [*made, *Rule.objects.filter(code__in=[starter.code for starter in STARTER_RULES])]:
        shipped_rule_take_out(rule=rule, now=timezone.now())


def _write_rules(list_name: str, now: datetime) -> list[Rule]:
    dice = random.Random(20)
    expressions: list[Any] = [
        group(row("merchant_id", "in", list=list_name)),
        group(row("device_id", "matches", "^dev_[0-9]")),
        *(_expression(dice) for _ in range(RULES_BY_CHANCE)),
    ]
    rules = []
    for expression in expressions:
        code = f"chance_{uuid4().hex[:8]}"
        draft = RuleDraft(Action.REVIEW, f"rule.{code}", "By chance", expression)
        rules.append((Rule(code=code, name=code), draft, Stage.LIVE))
    shipped_rules_publish(rules=rules, note="by chance", now=now)
    return [rule for rule, _, _ in rules]


def _expression(dice: random.Random) -> dict[str, Any]:
    """Rows by chance; what can never hold is thrown again."""
    fields = dice.sample([field for field in FIELDS if not field.after_model], 3)
    made = group(*(_row(field, dice) for field in fields), combinator=dice.choice(["all", "any", "none"]))
    try:
        parse_expression(made, {})
    except InvalidExpression:
        return _expression(dice)
    return made


def _row(field: Field, dice: random.Random) -> dict[str, Any]:
    compare = dice.choice(["greater_than", "at_least", "less_than", "at_most"])
    match field.type:
        case FieldType.MONEY:
            amount = f"{dice.choice([5, 20, 50, 100, 400])}.00"
            return row(field.name, compare, {"amount": amount, "currency": dice.choice(["USD", "USD", "INR"])})
        case FieldType.WHOLE:
            return row(field.name, compare, dice.randint(0, 12))
        case FieldType.NUMBER:
            return row(field.name, compare, round(10 ** dice.uniform(-1, 4), 2))
        case FieldType.FLAG:
            return row(field.name, dice.choice(["is_true", "is_false", "is_missing"]))
        case FieldType.CHOICE:
            return row(field.name, "in", list(dice.sample(field.choices, 2)))
        case FieldType.COUNTRY:
            return row(field.name, dice.choice(["equal", "not_equal"]), dice.choice(COUNTRIES))
        case FieldType.CURRENCY:
            return row(field.name, "not_equal", "INR")
        case FieldType.CATEGORY:
            return row(field.name, "not_in", [CATEGORIES[0]])
    return row(field.name, dice.choice(["contains", "starts_with", "matches"]), dice.choice(["1", "dev", "5"]))


def test_a_simulation_finds_the_hits_that_were_recorded(gateway, event_loop_thread, rules_by_chance):
    began = timezone.now()
    payments = list(replayed_payments(gateway, ROWS))
    half = len(payments) // 2
    event_loop_thread.run(decide_all(payments[:half]), timeout_seconds=3000)
    for merchant_id in {str(payment.request.merchant_id) for payment in payments[: half : half // 20]}:
        list_item_add(
            actor="tests", item_list=rules_by_chance, value=merchant_id, reason="half way", now=timezone.now()
        )
    event_loop_thread.run(decide_all(payments[half:]), timeout_seconds=3000)

    recorded, simulated = _recorded(gateway, began), _simulated(gateway, payments)

    assert len(recorded) == len(payments)
    assert {each: simulated.get(each, set()) for each in recorded} == recorded
    assert len(set().union(*recorded.values())) >= RULES_BY_CHANCE // 2, "most rules hit something"


def _recorded(gateway, began: datetime) -> dict[UUID, set[str]]:
    """By payment, the reason codes of the rules that hit."""
    decisions = Decision.objects.filter(
        transaction_id__gte=first_uuid7_at(int(began.timestamp() * 1000)), transaction__client=gateway.client.pk
    ).values_list("transaction_id", "reasons")
    return {each: {reason["code"] for reason in reasons if reason["kind"] == "rule"} for each, reasons in decisions}


def _simulated(gateway, payments: list[Payment]) -> dict[UUID, set[str]]:
    _, live, unreadable = rules_live(timezone.now())
    assert unreadable == []
    moments = [payment.request.occurred_at for payment in payments]
    span = Span(min(moments), max(moments) + timedelta(seconds=1), matured=min(moments))
    lists = list_histories({name for rule in live for name in lists_used(rule.expression)})
    fields = frozenset({name for rule in live for name in fields_used(rule.expression)})
    simulations = [RuleSimulation(rule, (), lists, span) for rule in live]
    found: dict[UUID, set[str]] = defaultdict(set)
    for read in read_past(fields, span, rows_at_once=1500):
        for simulation in simulations:
            for place in simulation.add(read.chunk).nonzero()[0].tolist():
                found[UUID(bytes=read.chunk.ids[place])].add(simulation.rule.reason_code)
    return found
