"""Finds full card numbers (PANs) in text, so that none is ever stored or logged (PCI DSS 3.5).

A run of 13 to 19 digits, with or without single separators, is a card number when an issuer range and length
fit and the Luhn check holds. Digits of any script count, since a person would read them as digits. UUIDs and long
hexadecimal identifiers are left alone.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

# `?+` never gives a separator back: a digit must follow it anyway, and most texts fail here.
_ENOUGH_DIGITS = re.compile(r"(?:\d\D?+){13}")
_RUN = re.compile(r"[0-9](?:[ \t\-._/\u00a0]?+[0-9]){12,}", re.ASCII)
_GROUP = re.compile(r"[0-9]+", re.ASCII)
_SHORTEST, _LONGEST = 13, 19
# Random identifiers hold digit runs that pass every other test about once in a thousand.
_OPAQUE = re.compile(
    r"(?<![0-9a-z])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?=[0-9]*[a-f])[0-9a-f]{24,})(?![0-9a-z])",
    re.I | re.A,
)

# First digits (from, to) and lengths of the issuer ranges in use.
_ISSUERS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),  # Mastercard
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (300, 305, frozenset({14, 16})),  # Diners Club
    (36, 36, frozenset({14, 16, 19})),
    (38, 39, frozenset({14, 16, 19})),
    (6011, 6011, frozenset({16, 19})),  # Discover
    (644, 649, frozenset({16, 19})),
    (65, 65, frozenset({16, 19})),  # Discover, RuPay
    (60, 60, frozenset({16})),  # RuPay
    (81, 82, frozenset({16})),
    (3528, 3589, frozenset({16, 19})),  # JCB
    (62, 62, frozenset({16, 17, 18, 19})),  # UnionPay
    (50, 50, frozenset({13, 14, 15, 16, 17, 18, 19})),  # Maestro
    (56, 58, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (67, 67, frozenset({16, 17, 18, 19})),
    (2200, 2204, frozenset({16, 17, 18, 19})),  # Mir
)

# By the first digit: the ranges it may begin, each with how many digits it compares.
_ISSUERS_OF = {
    digit: [
        (first, last, len(str(first)), lengths)
        for first, last, lengths in _ISSUERS
        if str(first) <= digit + "9" * 9 and digit <= str(last)
    ]
    for digit in "0123456789"
}
_DOUBLED = {str(digit): sum(divmod(2 * digit, 10)) for digit in range(10)}


def contains_card_number(text: str) -> bool:
    if len(text) < _SHORTEST:
        return False
    if not text.isascii():
        if not _ENOUGH_DIGITS.search(text):
            return False
        text = _ascii_digits(text)
    if not _RUN.search(text):  # a moment or an address: many digits, but no run of them
        return False
    return any(_is_card_number(digits) for digits in _digit_runs(_OPAQUE.sub(" id ", text)))


HIDDEN = "[card number]"


def without_card_numbers(text: str) -> str:
    """The text with a word in the place of each card number; that word alone where one cannot be told apart."""
    if not contains_card_number(text):
        return text
    cut = _RUN.sub(lambda run: HIDDEN if contains_card_number(run[0]) else run[0], text)
    return HIDDEN if contains_card_number(cut) else cut


# A body with its digits alike, and without whatever may stand between those of a card number or of an exponent.
_ASCII, _BEYOND_ASCII = bytes(range(128)), bytes(range(128, 256))
_DIGITS_ALIKE, _BETWEEN_DIGITS = bytes.maketrans(b"123456789E", b"000000000e"), b" \t-._/+\\" + _BEYOND_ASCII
_HIDING_ESCAPE = re.compile(rb'\\[^/"]')
_EXPONENT = re.compile(rb"(?:^|[:,\[\s-])[0-9.]+[eE]")


def may_hold_card_number(body: bytes) -> bool:
    """Whether find_card_number could find one in this JSON text. False for most: they need not be looked through."""
    if _HIDING_ESCAPE.search(body):
        return True
    if not body.isascii() and any(map(str.isdecimal, _readable(body.translate(None, _ASCII).decode()))):
        return True
    alike = body.translate(_DIGITS_ALIKE, _BETWEEN_DIGITS)
    return b"0" * _SHORTEST in alike or (b"0e0" in alike and _EXPONENT.search(body) is not None)


def find_card_number(value: Any) -> str | None:
    """The dotted path of the first field in a JSON value that holds a card number, or None. Keys count too."""
    path = _path_of_card_number(value)
    return path if path is None else path.removeprefix(".") or "body"


def _path_of_card_number(value: Any) -> str | None:
    """Empty when it is this value itself. Paths are put together on the way back: most values have none."""
    match value:
        case str():
            return "" if contains_card_number(value) else None
        case dict():
            if any(map(contains_card_number, value)):
                return ""
            for key, item in value.items():
                if (path := _path_of_card_number(item)) is not None:
                    return f".{key}{path}"
        case list():
            for index, item in enumerate(value):
                if (path := _path_of_card_number(item)) is not None:
                    return f"[{index}]{path}"
        case bool():
            return None
        case int():
            return "" if contains_card_number(str(value)) else None
        case float():
            return "" if contains_card_number(f"{value:.0f}") else None
    return None


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(char, char)) for char in _readable(text))


def _readable(text: str) -> str:
    """The text in plain characters, such as 1 for a circled 1."""
    return unicodedata.normalize("NFKC", text)


def _digit_runs(text: str) -> Iterator[str]:
    """Every sequence of whole digit groups with a card number's length: "12/27 4111 1111 1111 1111" has several."""
    for run in _RUN.findall(text):
        groups = _GROUP.findall(run)
        for start in range(len(groups)):
            digits = ""
            for group in groups[start:]:
                digits += group
                if len(digits) > _LONGEST:
                    break
                if len(digits) >= _SHORTEST:
                    yield digits


def _is_card_number(digits: str) -> bool:
    fits = any(
        len(digits) in lengths and first <= int(digits[:width]) <= last
        for first, last, width, lengths in _ISSUERS_OF[digits[0]]
    )
    return fits and int(digits[-1]) == _check_digit(digits[:-1])


def _check_digit(digits: str) -> int:
    """What the Luhn check wants for the last digit."""
    return -(sum(map(int, digits[-2::-2])) + sum(map(_DOUBLED.__getitem__, digits[-1::-2]))) % 10
