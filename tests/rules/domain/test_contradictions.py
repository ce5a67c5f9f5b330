import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.domain.compiler import compile_ruleset
from rules.domain.contradictions import contradictions_of
from sentinel.core.catalogue import FIELDS
from tests.rules.domain.strategies import all_groups_of_few_fields, few_groups, values
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


def test_an_any_group_that_fits_nothing_round_it_is_refused():
    either = group(row("hour", "greater_than", 5), row("hour", "equal", 4), combinator="any")

    error = problem(group(row("hour", "less_than", 3), either))

    assert (error.field, error.code) == ("conditions[1]", "never_holds")
    assert (
        error.message
        == "Row 2: none of the rows in this group can hold beside the rows round this group. Change one of them."
    )


def test_a_rule_whose_every_alternative_is_impossible_is_refused():
    error = problem(
        group(row("amount", "less_than", inr("0")), row("amount_1h", "less_than", inr("0")), combinator="any")
    )

    assert error.message == "The rule: none of the rows in this group can hold. Change one of them."


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (row("hour", "greater_than", 3), row("hour", "equal", 5)),
        (row("device_id", "is_missing"), row("device_id", "is_missing")),
        (row("home_country", "in", ["IN", "FR"]), row("home_country", "equal", "FR")),
        (row("home_country", "not_equal", "IN"), row("home_country", "equal", "FR")),
        (row("is_night", "is_true"), row("is_night", "is_true")),
    ],
)
def test_what_a_none_group_rules_out_cannot_hold_beside_it(inside, outside):
    error = problem(group(outside, group(inside, combinator="none")))

    assert (error.field, error.code) == ("conditions[1].conditions[0]", "never_holds")


def test_a_none_group_that_rules_out_missing_and_known_never_holds():
    assert problem(group(row("device_id", "is_missing"), row("device_id", "is_present"), combinator="none"))


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (row("hour", "greater_than", 3), row("hour", "equal", 2)),
        (row("hour", "greater_than", 3), row("hour", "is_missing")),
        (row("amount", "greater_than", inr("3")), row("amount", "greater_than", JPY)),
        (row("amount", "equal", other_field="amount_1h"), row("amount", "greater_than", inr("3"))),
        (row("merchant_name", "contains", "a"), row("merchant_name", "equal", "Casino")),
    ],
)
def test_a_none_group_leaves_what_it_does_not_rule_out(inside, outside):
    assert problems(group(outside, group(inside, combinator="none"))) == []


@settings(deadline=None)
@given(few_groups(), st.lists(values(), min_size=1, max_size=5))
def test_a_refused_tree_has_a_part_that_never_held(expression, payments):
    """An error inside an "any" group speaks of that member alone, so the tree is read at the place of the error."""
    for error in contradictions_of(definitions([expression])[0].expression):
        parts = parts_round(expression, places_in(error.field))
        assert not all(ever_hits(part, payments) for part in parts)


def test_a_row_that_a_none_group_rules_out_is_found_inside_its_any_group():
    """Once thought to speak of the "any" group alone, which may well hold."""
    hour = row("hour", "equal", 0)
    expression = group(hour, group(group(hour, combinator="any"), combinator="none"))
    payment = tuple(0 if field.name == "hour" else None for field in FIELDS)

    assert problem(expression).field == "conditions[1].conditions[0].conditions[0]"
    assert not ever_hits(expression, [payment])


def ever_hits(expression, payments) -> bool:
    compiled = compile_ruleset(definitions([expression]), LISTS)
    return any(compiled.evaluate(each, second_pass=second).hits for each in payments for second in (False, True))


def places_in(path: str) -> list[int]:
    return [int(index) for index in re.findall(r"\[([0-9]+)\]", path)]


def parts_round(expression, places):
    """The parts of the tree round a place that its error may speak of: the largest one whose groups, on the way down,
    all must hold; and what stands in a "none" group, by itself or together with what is outside.
    """
    parts = [expression]
    node = expression
    for place in places:
        combinator, is_alone = node["combinator"], len(node["conditions"]) == 1
        node = node["conditions"][place]
        if "conditions" not in node or combinator == "all" or (combinator == "any" and is_alone):
            continue
        parts = [*parts, node] if combinator == "none" else [node]
    return parts
