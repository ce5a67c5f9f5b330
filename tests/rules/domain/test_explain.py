"""Each row of a rule on one payment: true, false, or not to be said since a value is missing."""

from hypothesis import given, settings

from rules.domain.compiler import compile_ruleset
from rules.domain.definitions import RuleDefinition
from rules.domain.explain import Answer, Line, explain
from rules.domain.validation import load_expression
from sentinel.core.catalogue import FIELDS, Value, Values
from sentinel.core.outcomes import Action
from tests.rules.domain.strategies import groups, values
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, LIST_TYPES, LISTS, group, inr, payment, row


def lines_of(expression, values: Values) -> list[Line]:
    named: dict[str, Value] = {field.name: value for field, value in zip(FIELDS, values, strict=True)}
    return explain(load_expression(expression, LIST_TYPES), named, lambda name, value: value in LISTS[name])


def answers(expression, **values: Value) -> list[str]:
    return [line.answer.value for line in lines_of(expression, payment(**values))]


def test_each_row_is_answered_with_the_values_it_looked_at():
    rule, amount, country = lines_of(FOREIGN_HIGH_AMOUNT, payment(location_country="FR"))

    assert (rule.words, rule.answer, rule.is_group) == ("all of these", Answer.TRUE, True)
    assert (amount.words, amount.values) == (
        "the amount is over 5,000 INR",
        {"amount": 540_000, "currency": "INR"},
    )
    assert (country.answer, country.values) == (Answer.TRUE, {"location_country": "FR", "home_country": "IN"})


def test_a_row_whose_value_is_missing_is_unknown_and_does_not_hold():
    assert answers(FOREIGN_HIGH_AMOUNT, location_country=None) == ["false", "true", "unknown"]
    assert answers(FOREIGN_HIGH_AMOUNT, amount=None) == ["false", "unknown", "unknown"]
    assert answers(group(row("location_country", "is_missing"))) == ["true", "true"]


def test_money_of_another_currency_is_false_and_not_unknown():
    assert answers(group(row("amount", "at_least", inr("1.00"))), currency="JPY") == ["false", "false"]


def test_groups_stand_above_their_rows():
    expression = group(row("hour", "equal", 3), group(row("is_night", "is_true"), combinator="none"))

    found = lines_of(expression, payment(hour=3))

    groups_found = [(line.depth, line.words) for line in found if line.is_group]
    assert groups_found == [(0, "all of these"), (1, "none of these")]
    assert [line.answer for line in found] == [Answer.TRUE, Answer.TRUE, Answer.TRUE, Answer.UNKNOWN]


@settings(deadline=None)
@given(groups(), values())
def test_the_explanation_says_what_the_compiled_rule_decides(expression, payment_values):
    rule = RuleDefinition("r", 1, "", Action.REVIEW, "", "", load_expression(expression, LIST_TYPES))
    compiled = compile_ruleset([rule], LISTS)

    hit = any(compiled.evaluate(payment_values, second_pass=second).hits for second in (False, True))

    assert lines_of(expression, payment_values)[0].holds == hit
