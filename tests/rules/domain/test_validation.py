import pytest

from rules.domain.expressions import Combinator, Condition, Group, Money, Operator, OtherField
from rules.domain.validation import load_expression, parse_expression
from rules.errors import InvalidExpression
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, LIST_TYPES, group, inr, problem, problems, row


def test_the_briefs_rule_is_read():
    assert parse_expression(FOREIGN_HIGH_AMOUNT, LIST_TYPES) == Group(
        Combinator.ALL,
        (
            Condition("amount", Operator.GREATER_THAN, Money(500_000, "INR")),
            Condition("location_country", Operator.NOT_EQUAL, OtherField("home_country")),
        ),
    )


def test_all_problems_are_collected_with_the_path_of_their_row():
    inner = group(row("hour", "equal", "3"), row("hour", "contains", 3), combinator="any")

    found = problems(group(row("amout", "equal", inr("1")), row("is_night", "is_true"), inner))

    assert [(error.field, error.code) for error in found] == [
        ("conditions[0].field", "unknown_field"),
        ("conditions[2].conditions[0].value", "wrong_type"),
        ("conditions[2].conditions[1].operator", "unknown_operator"),
    ]
    assert found[1].message == 'Row 3.1: hour is a whole number: write one such as 8, not "3".'


def test_a_misspelt_field_gets_its_near_names():
    assert problem(group(row("amout", "equal", inr("1")))).message == (
        'Row 1: there is no field "amout". Did you mean amount or amount_7d or amount_1h?'
    )


def test_an_operator_that_does_not_fit_gets_those_that_do():
    assert problem(group(row("home_country", "greater_than", "IN"))).message == (
        'Row 1: there is no operator "greater_than" for home_country, which is country. '
        "Choose one of: equal, not_equal, in, not_in, is_missing, is_present."
    )


@pytest.mark.parametrize(
    ("condition", "path", "code"),
    [
        (row("amount", "equal", 5000), "value", "wrong_type"),
        (row("amount", "equal", {"amount": 5000, "currency": "INR"}), "value", "wrong_type"),
        (row("amount", "equal", {**inr("1"), "unit": "x"}), "value", "wrong_type"),
        (row("amount", "equal", {"amount": "1", "currency": "XXX"}), "value", "unknown_currency"),
        (row("amount", "equal", {"amount": "1.5", "currency": "JPY"}), "value", "over_precise"),
        (row("amount", "equal", inr("-1")), "value", "negative"),
        (row("amount", "equal", inr("1e3")), "value", "not_an_amount"),
        (row("amount", "between", [inr("1"), {"amount": "2", "currency": "JPY"}]), "value", "two_currencies"),
        (row("hour", "equal", True), "value", "wrong_type"),
        (row("hour", "equal", 3.0), "value", "wrong_type"),
        (row("hour", "equal", 10**400), "value", "too_large"),
        (row("speed_kmh", "equal", "fast"), "value", "wrong_type"),
        (row("speed_kmh", "equal", float("inf")), "value", "too_large"),
        (row("speed_kmh", "equal", float("nan")), "value", "too_large"),
        (row("home_country", "equal", "in"), "value", "unknown_country"),
        (row("home_country", "in", ["IN", "XX"]), "value[1]", "unknown_country"),
        (row("currency", "equal", "RUPEE"), "value", "unknown_currency"),
        (row("merchant_category", "equal", "573"), "value", "unknown_category"),
        (row("channel", "equal", "web"), "value", "unknown_choice"),
        (row("merchant_name", "equal", 7), "value", "wrong_type"),
        (row("merchant_name", "equal", ""), "value", "bad_text"),
        (row("merchant_name", "equal", "x" * 201), "value", "bad_text"),
        (row("merchant_name", "equal", "a\x00b"), "value", "bad_text"),
        (row("merchant_name", "equal", "\ud800"), "value", "bad_text"),
        (row("card_token", "equal", "4111 1111 1111 1111"), "value", "card_number"),
        (row("hour", "in", []), "value", "wrong_type"),
        (row("hour", "in", list(range(501))), "value", "wrong_type"),
        (row("hour", "between", [1, 2, 3]), "value", "wrong_type"),
        (row("hour", "between", [5, 3]), "value", "never_holds"),
        (row("card_token", "in", list="blocked_card"), "list", "unknown_list"),
        (row("card_token", "in", list="risky_countries"), "list", "wrong_list_type"),
        (row("hour", "in", list="blocked_cards"), "list", "wrong_type"),
        (row("home_country", "equal", other_field="amount"), "other_field", "wrong_type"),
        (row("home_country", "equal", other_field="home_land"), "other_field", "unknown_field"),
        (row("amount", "equal", other_field="amount"), "other_field", "same_field"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(condition, path, code):
    error = problem(group(condition))

    assert (error.field, error.code) == (f"conditions[0].{path}", code)
    assert error.message.startswith("Row 1: ")


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (row("hour", "equal"), "wrong_operand"),
        (row("hour", "equal", 3, other_field="weekday"), "wrong_operand"),
        (row("hour", "equal", list="blocked_cards"), "wrong_operand"),
        (row("hour", "is_missing", 3), "wrong_operand"),
        (row("is_night", "equal", True), "unknown_operator"),
        ({**row("hour", "equal", 3), "valeu": 4}, "unknown_key"),
        ("hour = 3", "not_a_condition"),
        (None, "not_a_condition"),
        (group(), "empty_group"),
    ],
)
def test_a_row_of_another_shape_is_refused(condition, code):
    assert problem(group(condition)).code == code


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (None, "not_a_group"),
        ([], "not_a_group"),
        ({"combinator": "all"}, "empty_group"),
        ({"combinator": "all", "conditions": {}}, "empty_group"),
        ({"combinator": "xor", "conditions": [row("hour", "equal", 3)]}, "unknown_combinator"),
        ({"conditions": [row("hour", "equal", 3)]}, "unknown_combinator"),
        ({**group(row("hour", "equal", 3)), "not": True}, "unknown_key"),
    ],
)
def test_a_group_of_another_shape_is_refused(expression, code):
    assert problem(expression).code == code


def nested(depth: int):
    expression = group(row("hour", "equal", 3))
    for _ in range(depth - 1):
        expression = group(expression)
    return expression


def test_groups_may_be_eight_deep():
    assert problems(nested(8)) == []
    assert problem(nested(9)).code == "too_deep"
    assert problem(nested(200)).code == "too_deep"


def test_a_rule_may_have_two_hundred_conditions():
    one = row("hour", "is_present")

    assert problems(group(*[one] * 200)) == []
    assert problem(group(*[one] * 201)).code == "too_many_conditions"
    assert problem(group(*[one] * 10_000)).code == "too_many_conditions"


def test_what_can_never_hold_is_still_loaded_once_saved():
    expression = group(row("hour", "less_than", 3), row("hour", "greater_than", 5))

    assert problem(expression).code == "never_holds"
    assert load_expression(expression, LIST_TYPES).conditions


def test_a_rule_that_names_a_lost_list_is_not_loaded():
    with pytest.raises(InvalidExpression, match="there is no list"):
        load_expression(group(row("card_token", "in", list="blocked_cards")), {})


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", "(a)\\1", "((a{100}){100}){100}", "[z-a]"])
def test_a_pattern_that_cannot_be_used_is_refused_in_words(pattern):
    found = problem(group(row("merchant_name", "matches", pattern)))

    assert (found.field, found.code) == ("conditions[0].value", "bad_pattern")
    assert "is not a pattern that can be used" in found.message


def test_a_pattern_is_as_short_as_any_text():
    assert problem(group(row("merchant_name", "matches", "a" * 201))).code == "bad_text"


def test_choices_without_a_common_value_do_not_compare():
    with pytest.raises(InvalidExpression, match="account_risk and channel have no value in common"):
        parse_expression(group(row("account_risk", "equal", other_field="channel")), LIST_TYPES)
