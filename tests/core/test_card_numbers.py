import json
from datetime import UTC, datetime

import jiter
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentinel.core.card_numbers import contains_card_number, find_card_number, may_hold_card_number

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


moments = st.datetimes(timezones=st.timezones() | st.just(UTC)).map(datetime.isoformat)
cards = st.builds(
    lambda notation, card, separator: notation.format(spaced(card, separator)),
    st.sampled_from([*NOTATIONS, "2026-01-31T{}", "2026-01-31T12:00:00.{}Z"]),
    st.sampled_from([*CARDS, "４１１１１１１１１１１１１１１１", "41111111111111①①"]),
    st.sampled_from(["", *" \t-._/+:\u00a0\u2011\u0301"]),
)
numbers = st.sampled_from([int(card) for card in CARDS] + [4222222222221.6, 41e14]) | st.integers() | st.floats()
texts = st.text(st.sampled_from('0123456789 \t-._/:+eETZ"\\é１①\u00a0\u2011\u0301'), max_size=24) | moments | cards
bodies = st.recursive(
    texts | numbers | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
)


def written_in_every_way(value):
    yield json.dumps(value)
    yield json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    yield json.dumps(value, ensure_ascii=False).replace("/", "\\/")
    yield json.dumps(value, indent=1).replace("e+", "E").replace("e", "E")


@given(bodies)
@example(4.1111111111111111e15)
@example([-4.1111111111111111e-15, 4.1111111111111111e22])
@example(999999999999.9)
def test_a_body_is_never_passed_over_that_holds_a_card_number(value):
    for text in written_in_every_way(value):
        body = text.encode()
        try:
            content = jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True)
        except ValueError:
            continue
        assert may_hold_card_number(body) or find_card_number(content) is None


@pytest.mark.parametrize("digits", ["4111111111111111", "-4111111111111111", "4111111111111111.0"])
@pytest.mark.parametrize("exponent", ["e0", "E0", "e+0", "E-0"])
@pytest.mark.parametrize("body", ["{}", "[{}]", '{{"a":{}}}', '{{"a": {}}}', "[1,{}]"])
def test_a_number_with_an_exponent_is_looked_at(digits, exponent, body):
    short = digits.replace("1111", "").replace(".0", "")  # such as 4e15, which hides all its digits
    for number in (digits + exponent, short + exponent.replace("0", "15")):
        assert may_hold_card_number(body.format(number).encode())


@given(moments, st.floats(-180, 180).map(lambda degrees: round(degrees, 4)))
def test_moments_and_places_do_not_make_a_body_suspect(moment, degrees):
    body = {"occurred_at": moment, "amount": "5400.00", "ip": "203.0.113.199", "at": [degrees, degrees], "id": "a1e5"}
    body |= {"city": "São Paulo", "name": "चाय", "user_agent": 'A/5.0 "b"'}
    written = json.dumps(body, ensure_ascii=False)
    assert not may_hold_card_number(written.encode())
    assert not may_hold_card_number(written.replace("/", "\\/").encode())
