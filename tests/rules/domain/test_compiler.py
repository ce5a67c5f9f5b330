import pytest

from rules.domain.compiler import compile_ruleset
from rules.domain.definitions import Failure, Hit
from sentinel.core.outcomes import Action
from tests.rules.examples import (
    FOREIGN_HIGH_AMOUNT,
    LISTS,
    group,
    hits,
    holds,
    inr,
    payment,
    row,
    rule,
    ruleset,
)


def test_the_briefs_rule_hits_a_high_amount_abroad():
    compiled = compile_ruleset([rule(FOREIGN_HIGH_AMOUNT, "foreign_high_amount")], LISTS)

    evaluation = compiled.evaluate(payment(amount=500_001, location_country="FR"), second_pass=False)

    assert evaluation.hits == (Hit("foreign_high_amount", 1, Action.REVIEW, "rule.foreign_high_amount", "Because."),)
    assert evaluation.failed == ()


@pytest.mark.parametrize(
    "values",
    [
        {"amount": 500_000, "location_country": "FR"},
        {"location_country": "IN"},
        {"location_country": None},
        {"location_country": "FR", "currency": "JPY"},
        {"location_country": "FR", "home_country": None},
    ],
)
def test_the_briefs_rule_leaves_other_payments_alone(values):
    assert not holds(FOREIGN_HIGH_AMOUNT, **values)


def test_all_hits_are_reported_in_the_rulesets_order():
    compiled = ruleset(
        group(row("amount", "at_least", inr("1"))),
        group(row("hour", "equal", 3)),
        group(row("currency", "equal", "INR")),
    )

    assert hits(compiled, payment(hour=4)) == ["rule_0", "rule_2"]


def test_an_empty_ruleset_hits_nothing():
    assert hits(ruleset(), payment()) == []


def test_rules_that_use_the_score_form_the_second_pass():
    compiled = ruleset(
        group(row("score_percentile", "greater_than", 0.99)),
        group(row("hour", "equal", 3)),
    )
    values = payment(hour=3, score_percentile=0.995)

    assert hits(compiled, values) == ["rule_1"]
    assert hits(compiled, values, second_pass=True) == ["rule_0"]


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        (row("hour", "equal", 3), 3, True),
        (row("hour", "not_equal", 3), 4, True),
        (row("hour", "greater_than", 3), 3, False),
        (row("hour", "at_least", 3), 3, True),
        (row("hour", "less_than", 3), 3, False),
        (row("hour", "at_most", 3), 3, True),
        (row("hour", "between", [3, 5]), 5, True),
        (row("hour", "between", [3, 5]), 6, False),
        (row("hour", "in", [3, 5]), 4, False),
        (row("hour", "not_in", [3, 5]), 4, True),
        (row("merchant_name", "contains", "CASINO"), "Royal casino 7", True),
        (row("merchant_name", "starts_with", "royal"), "Royal casino 7", True),
        (row("merchant_name", "starts_with", "casino"), "Royal casino 7", False),
        (row("merchant_name", "equal", "royal casino 7"), "Royal casino 7", False),
        (row("is_night", "is_true"), True, True),
        (row("is_night", "is_false"), True, False),
        (row("card_token", "in", list="blocked_cards"), "tok_bad", True),
        (row("card_token", "not_in", list="blocked_cards"), "tok_bad", False),
        (row("hour", "is_present"), 0, True),
        (row("hour", "is_missing"), 0, False),
        (row("speed_kmh", "greater_than", 1000), 1000.5, True),
        (row("amount", "equal", inr("0")), 0, True),
    ],
)
def test_an_operator_on_a_known_value(condition, value, expected):
    assert holds(group(condition), **{condition["field"]: value}) is expected


@pytest.mark.parametrize(
    "condition",
    [
        row("location_country", "not_equal", "FR"),
        row("location_country", "not_equal", other_field="home_country"),
        row("location_country", "not_in", list="risky_countries"),
        row("merchant_category", "not_in", ["5732"]),
        row("usual_amount_30d", "less_than", inr("5")),
        row("distance_km", "at_most", 10),
        row("merchant_is_new", "is_false"),
        row("merchant_name", "contains", "a"),
        row("device_id", "is_present"),
    ],
)
def test_no_condition_holds_on_a_missing_value(condition):
    assert not holds(group(condition))
    assert holds(group(condition, combinator="none"))


def test_is_missing_holds_on_a_missing_value():
    assert holds(group(row("device_id", "is_missing")))


def test_a_money_constant_matches_only_its_currency():
    expression = group(row("amount_24h", "greater_than", {"amount": "5000", "currency": "JPY"}))

    assert holds(expression, amount_24h=5_001, currency="JPY")
    assert not holds(expression, amount_24h=500_001, currency="INR")


def test_money_fields_compare_within_the_payment():
    expression = group(row("amount", "greater_than", other_field="usual_amount_30d"))

    assert holds(expression, usual_amount_30d=539_999)
    assert not holds(expression, usual_amount_30d=None)


@pytest.mark.parametrize(
    "text",
    [
        "__class__",
        "__import__('os').system('x')",
        '" or True or "',
        "'''",
        "{values}",
        "%s",
        "\\",
        "values",
        "${7*7}",
    ],
)
def test_a_hostile_text_is_only_data(text):
    expression = group(row("merchant_name", "equal", text))

    assert holds(expression, merchant_name=text)
    assert not holds(expression, merchant_name="Corner Books")


def test_a_rule_that_raises_is_named_and_the_others_still_count():
    broken = rule(group(row("speed_kmh", "greater_than", 5)), "broken", Action.DECLINE)
    sound = rule(group(row("hour", "equal", 3)), "sound")

    evaluation = compile_ruleset([broken, sound], LISTS).evaluate(
        payment(hour=3, speed_kmh="not a number"), second_pass=False
    )

    assert [hit.code for hit in evaluation.hits] == ["sound"]
    assert [(failure.code, failure.action) for failure in evaluation.failed] == [("broken", Action.DECLINE)]


def test_a_rule_that_could_not_be_read_fails_in_every_first_pass():
    failure = Failure("lost", 2, Action.DECLINE, "there is no field lost")
    compiled = compile_ruleset([rule(group(row("hour", "equal", 3)))], LISTS, [failure])

    assert compiled.evaluate(payment(hour=3), second_pass=False).failed == (failure,)
    assert compiled.evaluate(payment(hour=3), second_pass=True).failed == ()


def test_a_pattern_is_found_anywhere_in_the_text_and_sees_upper_and_lower_case():
    rule_on = [group(row("merchant_name", "matches", text)) for text in ("card [0-9]+", "^Gift", "(?i)^gift")]

    found = hits(ruleset(*rule_on), payment(merchant_name="gift card 42"))

    assert found == ["rule_0", "rule_2"]
    assert hits(ruleset(*rule_on), payment()) == []


def test_a_pattern_that_would_backtrack_for_ever_elsewhere_is_harmless():
    assert not holds(group(row("merchant_name", "matches", "(a+)+$")), merchant_name="a" * 100_000 + "!")


def test_each_rule_alone_is_timed_by_the_shorter_of_two_runs():
    compiled = ruleset(group(row("is_night", "is_true")), group(row("payments_1h", "at_least", 3)))
    ticks = iter([0, 9, 20, 25, 30, 37, 40, 48])

    assert [cost for _, cost in compiled.first.time_each(payment(), lambda: next(ticks))] == [5, 7]


def test_a_rule_that_raises_is_timed_and_its_error_kept():
    compiled = ruleset(group(row("payments_1h", "at_least", 3)))
    broken = payment(payments_1h="many")
    compiled.evaluate(broken, second_pass=False)

    assert len(compiled.first.time_each(broken, iter(range(9)).__next__)) == 1
    assert list(compiled.errors.values()) == ["TypeError: '>=' not supported between instances of 'str' and 'int'"]
