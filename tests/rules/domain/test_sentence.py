import pytest

from rules.domain.sentence import sentence
from rules.domain.validation import parse_expression
from sentinel.core.outcomes import Action
from tests.rules.examples import FOREIGN_HIGH_AMOUNT, LIST_TYPES, group, inr, row


def words(expression, action=Action.REVIEW):
    return sentence(action, parse_expression(expression, LIST_TYPES))


def test_the_briefs_rule_reads_as_a_sentence():
    assert words(FOREIGN_HIGH_AMOUNT) == (
        "Review when the amount is over 5,000 INR and the country is not the account's home country"
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (row("amount", "between", [inr("10"), inr("99.50")]), "the amount is between 10 INR and 99.50 INR"),
        (row("account_age_days", "between", [1, 30]), "the age of the account is between 1 and 30 days"),
        (row("payments_1h", "at_least", 8), "the account's payments in the last hour are at least 8"),
        (row("speed_kmh", "greater_than", 1000), "the travel speed since the previous payment is over 1,000 km/h"),
        (row("score_percentile", "at_least", 0.995), "the score percentile is at least 0.995"),
        (row("hour", "in", [1, 2, 3]), "the hour of day at home is one of 1, 2 or 3"),
        (row("channel", "not_in", ["atm"]), "the channel is none of atm"),
        (row("transaction_type", "equal", "top_up"), "the transaction type is top up"),
        (row("merchant_name", "contains", "casino"), 'the merchant\'s name contains "casino"'),
        (row("merchant_name", "matches", "^Gift"), 'the merchant\'s name matches the pattern "^Gift"'),
        (row("card_token", "in", list="blocked_cards"), "the card is on the list blocked_cards"),
        (row("location_country", "not_in", list="risky_countries"), "the country is not on the list risky_countries"),
        (
            row("seconds_since_last", "greater_than", 5_184_000),
            "the time since the account's last payment is over 60 days",
        ),
        (
            row("seconds_since_last", "at_most", 90.5),
            "the time since the account's last payment is at most 90.5 seconds",
        ),
        (
            row("seconds_since_last", "between", [30, 3600]),
            "the time since the account's last payment is between 30 seconds and 1 hour",
        ),
        (
            row("seconds_since_last", "between", [30, 45]),
            "the time since the account's last payment is between 30 and 45 seconds",
        ),
        (row("location_country", "not_equal", "IN"), "the country is not India"),
        (row("location_country", "in", ["FR", "KP"]), "the country is one of France or North Korea"),
        (row("merchant_category", "equal", "7995"), "the merchant category is 7995 (gambling)"),
        (row("merchant_category", "equal", "0001"), "the merchant category is 0001"),
        (row("device_id", "is_missing"), "the device is not known"),
        (row("is_night", "is_true"), "the payment is made at night at home (23:00 to 05:59)"),
        (
            row("is_night", "is_false"),
            "it is not true that the payment is made at night at home (23:00 to 05:59)",
        ),
        (
            row("merchant_is_new", "is_missing"),
            "it is not known whether the merchant is new to the account (not seen for 90 days)",
        ),
    ],
)
def test_a_row_reads_as_a_phrase(condition, expected):
    assert words(group(condition), Action.DECLINE) == f"Decline when {expected}"


def test_groups_inside_groups_stand_in_brackets():
    night_or_abroad = group(row("hour", "less_than", 5), row("location_country", "equal", "FR"), combinator="any")

    assert words(group(row("currency", "equal", "INR"), night_or_abroad)) == (
        "Review when the currency is INR and (the hour of day at home is under 5 or the country is France)"
    )


def test_none_reads_as_none_of_these():
    expression = group(row("channel", "equal", "pos"), row("hour", "equal", 3), combinator="none")

    assert words(expression, Action.ALLOW) == (
        "Allow when none of these holds: (the channel is pos; the hour of day at home is 3)"
    )


def test_a_long_list_of_values_is_cut():
    assert words(group(row("hour", "in", list(range(13))))).endswith("8, 9 or 3 more")
