import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.core.card_numbers import contains_card_number, find_card_number

CARDS = [
    "4111111111111111",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "30569309025904",
    "3530111333300000",
    "6200000000000005",
    "6759649826438453",
]
NOTATIONS = [
    "{}",
    "card {}",
    "PAN:{}.",
    "card{}",
    "{} 12/27",
    "12/27 {}",
    "({})",
    "id={}&x=1",
]


def spaced(card, separator):
    return separator.join(card[start : start + 4] for start in range(0, len(card), 4))


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("card", CARDS)
def test_a_card_number_is_found_in_any_notation(card, notation):
    assert contains_card_number(notation.format(card))
    for separator in (" ", "-", ".", "\u00a0"):
        assert contains_card_number(notation.format(spaced(card, separator)))


def test_digits_of_other_scripts_count():
    assert contains_card_number("４１１１１１１１１１１１１１１１")
    assert contains_card_number("٤١١١١١١١١١١١١١١١")


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the check digit is wrong
        "1234567812345670",  # no issuer has this range
        "411111111111",  # too short
        "41111111111111111111111",  # too long
        "1769860800000",  # a moment in milliseconds
        "+91 98765 43210",
        "order 2026-01-31 12:00",
        "203.0.113.9",
        "41111111-1111-4111-8111-111111111111",  # a UUID
        "txn_01a203d0b0ea4111111111111111a25b",
        "",
    ],
)
def test_look_alikes_are_accepted(text):
    assert not contains_card_number(text)


@given(st.uuids())
def test_no_uuid_is_taken_for_a_card(value):
    assert not contains_card_number(str(value))
    assert not contains_card_number(f"txn_{value.hex}") or value.hex.isdigit()


def test_the_path_of_the_field_is_named():
    assert find_card_number({"a": {"b": ["x", CARDS[0]]}}) == "a.b[1]"
    assert find_card_number({"a": int(CARDS[0])}) == "a"
    assert find_card_number({"a": {CARDS[0]: "x"}}) == "a"
    assert find_card_number({"a": {"b": 5, "c": None, "d": True, "e": 1.5}}) is None
