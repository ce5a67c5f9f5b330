import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.money import (
    EXPONENTS,
    MAX_AMOUNT_MINOR,
    AmountError,
    exponent,
    format_amount,
    format_money,
    parse_amount,
)

currencies = st.sampled_from(sorted(EXPONENTS))


@given(st.integers(-MAX_AMOUNT_MINOR, MAX_AMOUNT_MINOR), currencies)
def test_what_is_written_is_read_back(minor, currency):
    assert parse_amount(format_amount(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("5400.00", "INR", 540_000),
        ("5400", "INR", 540_000),
        ("5400.5", "INR", 540_050),
        ("1200", "JPY", 1200),
        ("0.125", "BHD", 125),
        ("-3.00", "EUR", -300),
    ],
)
def test_an_amount_is_read_in_minor_units(text, currency, minor):
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("1.005", "INR", "over_precise"),
        ("1.0", "JPY", "over_precise"),
        ("1e5", "INR", "not_an_amount"),
        ("1,000", "INR", "not_an_amount"),
        ("", "INR", "not_an_amount"),
        ("٣", "INR", "not_an_amount"),
        (str(MAX_AMOUNT_MINOR), "INR", "too_large"),
        ("1", "ABC", "unknown_currency"),
    ],
)
def test_what_is_no_amount_is_refused_by_name(text, currency, code):
    with pytest.raises(AmountError) as refused:
        parse_amount(text, currency)

    assert refused.value.code == code


def test_exponents_follow_iso_4217():
    assert [exponent(currency) for currency in ("INR", "JPY", "BHD")] == [2, 0, 3]


def test_people_read_money_with_separators():
    assert format_money(540_000, "INR") == "5,400 INR"
    assert format_money(-1_234_550, "EUR") == "-12,345.50 EUR"
    assert format_money(1_000_000, "JPY") == "1,000,000 JPY"
