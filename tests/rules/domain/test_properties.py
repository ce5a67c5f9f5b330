"""The compiled ruleset against a second reading of the language, written as plainly as it can be."""

import operator
import random
import re
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.domain.compiler import compile_ruleset
from rules.domain.definitions import RuleDefinition
from rules.domain.sentence import sentence
from rules.domain.validation import load_expression
from sentinel.core.catalogue import BY_NAME, INDEX, Values
from sentinel.core.money import EXPONENTS
from sentinel.core.outcomes import Action
from tests.rules.domain.strategies import groups, values
from tests.rules.examples import LIST_TYPES, LISTS

COMPARE = {
    "equal": operator.eq,
    "not_equal": operator.ne,
    "greater_than": operator.gt,
    "at_least": operator.ge,
    "less_than": operator.lt,
    "at_most": operator.le,
    "between": lambda value, edges: edges[0] <= value <= edges[1],
    "in": lambda value, members: value in members,
    "not_in": lambda value, members: value not in members,
    "contains": lambda value, part: part.casefold() in value.casefold(),
    "starts_with": lambda value, part: value.casefold().startswith(part.casefold()),
    "matches": lambda value, pattern: re.search(pattern, value) is not None,
    "is_true": lambda value, _: value is True,
    "is_false": lambda value, _: value is False,
    "is_present": lambda value, _: True,
}


def interpret(node: Any, payment: Values) -> bool:
    if "combinator" in node:
        held = [interpret(member, payment) for member in node["conditions"]]
        return {"all": all(held), "any": any(held), "none": not any(held)}[node["combinator"]]
    value = payment[INDEX[node["field"]]]
    if node["operator"] == "is_missing":
        return value is None
    operand, comparable = interpret_operand(node, payment)
    return comparable and value is not None and COMPARE[node["operator"]](value, operand)


def interpret_operand(node: Any, payment: Values) -> tuple[Any, bool]:
    """What the value is compared with, and whether the two compare at all."""
    if "list" in node:
        return LISTS[node["list"]], True
    if "other_field" in node:
        other = payment[INDEX[node["other_field"]]]
        return other, other is not None
    value = node.get("value")
    amounts = value if isinstance(value, list) else [value]
    if not all(isinstance(amount, dict) for amount in amounts):
        return value, True
    minor = [int(Decimal(each["amount"]) * 10 ** EXPONENTS[each["currency"]]) for each in amounts]
    same_currency = all(each["currency"] == payment[INDEX["currency"]] for each in amounts)
    return (minor if isinstance(value, list) else minor[0]), same_currency


def uses_score(node: Any) -> bool:
    if "combinator" in node:
        return any(uses_score(member) for member in node["conditions"])
    return any(BY_NAME[node[key]].after_model for key in ("field", "other_field") if key in node)


def definitions(expressions: list[Any]) -> list[RuleDefinition]:
    return [
        RuleDefinition(f"r{place}", 1, "", Action.REVIEW, "", "", load_expression(each, LIST_TYPES))
        for place, each in enumerate(expressions)
    ]


@settings(deadline=None)
@given(st.lists(groups(), min_size=1, max_size=5), values())
def test_compiled_rules_agree_with_the_plain_reading(expressions, payment):
    compiled = compile_ruleset(definitions(expressions), LISTS)

    for second_pass in (False, True):
        evaluation = compiled.evaluate(payment, second_pass=second_pass)
        expected = [
            f"r{place}"
            for place, each in enumerate(expressions)
            if uses_score(each) is second_pass and interpret(each, payment)
        ]
        assert [hit.code for hit in evaluation.hits] == expected
        assert evaluation.failed == ()


@settings(deadline=None)
@given(st.lists(groups(), min_size=2, max_size=5), values(), st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_change_the_hits(expressions, payment, shuffler: random.Random):
    rules = definitions(expressions)
    shuffled = shuffler.sample(rules, len(rules))

    one, other = (compile_ruleset(each, LISTS).evaluate(payment, second_pass=False) for each in (rules, shuffled))

    assert set(one.hits) == set(other.hits)


@settings(deadline=None)
@given(groups())
def test_every_expression_reads_as_one_sentence(expression):
    words = sentence(Action.DECLINE, load_expression(expression, LIST_TYPES))

    assert words.startswith("Decline when ")
    assert "\n" not in words
    assert "  " not in words
