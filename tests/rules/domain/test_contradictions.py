import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.domain.compiler import compile_ruleset
from rules.domain.contradictions import contradictions_of
from tests.rules.domain.strategies import all_groups_of_few_fields, values
from tests.rules.domain.test_properties import definitions
from tests.rules.examples import LISTS, group, inr, problem, problems, row

JPY = {"amount": "10", "currency": "JPY"}


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (row("amount", "greater_than", inr("10")), row("amount", "less_than", inr("5"))),
        (row("amount", "greater_than", inr("10")), row("amount", "less_than", inr("10.01"))),
        (row("amount", "greater_than", inr("10")), row("amount", "at_least", JPY)),
        (row("amount", "greater_than", inr("10")), row("currency", "equal", "JPY")),
        (row("home_country", "equal", "IN"), row("home_country", "equal", "FR")),
        (row("home_country", "equal", "IN"), row("home_country", "not_in", ["IN", "FR"])),
        (row("hour", "in", [1, 2]), row("hour", "greater_than", 2)),
        (row("speed_kmh", "greater_than", 2.5), row("speed_kmh", "at_most", 2.5)),
        (row("is_night", "is_true"), row("is_night", "is_false")),
        (row("device_id", "is_missing"), row("device_id", "contains", "x")),
        (row("usual_amount_30d", "is_missing"), row("amount", "at_most", other_field="usual_amount_30d")),
        (
            row("amount", "less_than", other_field="amount_1h"),
            row("amount_1h", "at_most", other_field="amount"),
        ),
    ],
)
def test_two_rows_that_can_never_both_hold_are_refused(one, two):
    error = problem(group(one, two))

    assert (error.field, error.code) == ("conditions[1]", "never_holds")
    assert error.message == "Row 2: this and row 1 can never both hold. Change one of them."


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (row("amount", "greater_than", inr("5")), row("amount", "less_than", inr("10"))),
        (row("amount", "at_least", inr("10")), row("amount", "at_most", inr("10"))),
        (row("hour", "greater_than", 5), row("hour", "less_than", 7)),
        (row("speed_kmh", "greater_than", 2.5), row("speed_kmh", "less_than", 2.500001)),
        (row("home_country", "not_equal", "IN"), row("home_country", "not_equal", "FR")),
        (row("amount", "at_least", other_field="amount_1h"), row("amount_1h", "at_least", other_field="amount")),
    ],
)
def test_rows_that_can_both_hold_pass(one, two):
    assert problems(group(one, two)) == []


def test_rows_under_any_may_exclude_each_other():
    assert problems(group(row("hour", "less_than", 3), row("hour", "greater_than", 5), combinator="any")) == []


def test_an_inner_any_group_needs_only_one_of_its_rows():
    either = group(row("hour", "greater_than", 5), row("is_night", "is_true"), combinator="any")

    assert problems(group(row("hour", "less_than", 3), either)) == []


def test_an_inner_all_group_is_read_with_its_parent():
    error = problem(group(row("hour", "less_than", 3), group(row("hour", "greater_than", 5))))

    assert (error.field, error.message.partition(":")[0]) == ("conditions[1].conditions[0]", "Row 2.1")


def test_a_single_row_that_can_never_hold_is_refused():
    assert problem(group(row("amount", "less_than", inr("0")))).message == "Row 1: this can never hold."


@settings(deadline=None)
@given(all_groups_of_few_fields(), st.lists(values(), min_size=1, max_size=5))
def test_a_refused_rule_never_held(expression, payments):
    rule = definitions([expression])

    if contradictions_of(rule[0].expression):
        compiled = compile_ruleset(rule, LISTS)
        assert not any(compiled.evaluate(values, second_pass=False).hits for values in payments)
