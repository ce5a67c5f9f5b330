"""Compiled rules become the JSON that an author saves."""

import pytest

from bench.rule_json import expression_json
from bench.rulesets import realistic_rules
from rules.domain.validation import load_expression, parse_expression
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, LIST_TYPES, group, inr, row


@pytest.mark.parametrize("definition", realistic_rules(50), ids=lambda definition: definition.code)
def test_realistic_rules_come_back_as_they_were(definition):
    assert parse_expression(expression_json(definition.expression), {}) == definition.expression


def test_every_kind_of_operand_is_written():
    written = group(
        FOREIGN_HIGH_AMOUNT,
        row("amount", "between", [inr("10.00"), inr("20.00")]),
        {"field": "card_token", "operator": "in", "list": "blocked_cards"},
        row("merchant_is_new", "is_true"),
        combinator="any",
    )

    assert expression_json(load_expression(written, LIST_TYPES)) == written
