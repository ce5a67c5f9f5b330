import copy
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.domain.compiler import compile_ruleset
from rules.domain.pointless import pointless_rows
from rules.domain.validation import load_expression, parse_expression
from tests.rules.domain.strategies import few_groups, values
from tests.rules.domain.test_properties import definitions
from tests.rules.examples import LIST_TYPES, LISTS, group, inr, row


def warnings(expression):
    return [(warning.field, warning.message) for warning in pointless_rows(parse_expression(expression, LIST_TYPES))]


def test_a_rule_without_a_needless_row_gets_no_warning():
    assert (
        warnings(group(row("hour", "greater_than", 3), row("hour", "less_than", 5), row("is_night", "is_true"))) == []
    )


def test_a_row_written_twice_is_named():
    twice = group(row("hour", "equal", 3), row("is_night", "is_true"), row("hour", "equal", 3))

    assert warnings(twice) == [("conditions[2]", "Row 3: this says the same as row 1. Take one of them out.")]


def test_a_group_written_twice_is_named():
    night = group(row("hour", "less_than", 5), row("is_night", "is_true"), combinator="any")

    assert warnings(group(night, night))[0][0] == "conditions[1]"


@pytest.mark.parametrize(
    ("strict", "loose"),
    [
        (row("hour", "greater_than", 5), row("hour", "greater_than", 3)),
        (row("amount", "at_least", inr("10")), row("amount", "greater_than", inr("5"))),
        (row("amount", "greater_than", inr("10")), row("amount", "is_present")),
        (row("home_country", "equal", "FR"), row("home_country", "not_equal", "IN")),
        (row("home_country", "equal", "FR"), row("home_country", "in", ["IN", "FR"])),
        (row("hour", "in", [1, 2]), row("hour", "between", [0, 5])),
    ],
)
def test_a_row_that_follows_from_another_is_named(strict, loose):
    implied = "Row 2: row 1 says this already, so it changes nothing. Take one of them out."
    covered = "Row 1: row 2 covers this already, so it changes nothing. Take one of them out."

    assert warnings(group(strict, loose)) == [("conditions[1]", implied)]
    assert warnings(group(strict, loose, combinator="any")) == [("conditions[0]", covered)]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (row("amount", "greater_than", inr("10")), row("amount", "at_least", {"amount": "1", "currency": "JPY"})),
        (row("merchant_name", "contains", "a"), row("merchant_name", "starts_with", "a")),
        (row("amount", "at_least", other_field="amount_1h"), row("amount", "at_most", other_field="amount_24h")),
        (row("card_token", "in", list="blocked_cards"), row("card_token", "not_equal", "tok_x")),
    ],
)
def test_rows_that_say_different_things_pass(one, two):
    assert warnings(group(one, two, combinator="any")) == []


def test_an_alternative_that_can_never_hold_is_named():
    expression = group(row("amount", "less_than", inr("0")), row("is_night", "is_true"), combinator="any")

    assert warnings(expression) == [
        ("conditions[0]", "Row 1: this can never hold, so it changes nothing. Change it or take it out.")
    ]


@settings(deadline=None)
@given(few_groups(), st.lists(values(), min_size=1, max_size=5))
def test_without_a_pointless_row_the_rule_holds_for_the_same_payments(expression, payments):
    for warning in pointless_rows(load_expression(expression, LIST_TYPES)):
        shorter = without(expression, [int(index) for index in re.findall(r"\[([0-9]+)\]", warning.field)])
        if shorter:
            one, other = (
                compile_ruleset(definitions([expression]), LISTS),
                compile_ruleset(definitions([shorter]), LISTS),
            )
            assert [one.evaluate(each, second_pass=False).hits for each in payments] == [
                other.evaluate(each, second_pass=False).hits for each in payments
            ]


def without(expression, places):
    """The tree without one node; None when its group would be empty then."""
    tree = copy.deepcopy(expression)
    node = tree
    for place in places[:-1]:
        node = node["conditions"][place]
    del node["conditions"][places[-1]]
    return tree if node["conditions"] else None
