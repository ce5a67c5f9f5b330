"""Finds full card numbers (PANs) in text, so that none is ever stored or logged (PCI DSS 3.5).

A run of 13 to 19 digits, with or without single separators, is a card number when an issuer range and length
fit and the Luhn check holds. Digits of any script count, since a person would read them as digits. UUIDs and long
hexadecimal identifiers are left alone.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

_ENOUGH_DIGITS = re.compile(r"(?:\d\D?){13}")
_RUN = re.compile(r"[0-9](?:[ \t\-._/\u00a0]?[0-9]){12,}", re.ASCII)
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


def contains_card_number(text: str) -> bool:
    if not _ENOUGH_DIGITS.search(text):
        return False
    readable = _OPAQUE.sub(" id ", _ascii_digits(text))
    return any(_is_card_number(digits) for digits in _digit_runs(readable))


def find_card_number(value: Any, path: str = "") -> str | None:
    """The dotted path of the first field in a JSON value that holds a card number, or None. Keys count too."""
    match value:
        case bool() | None:
            return None
        case str():
            return path if contains_card_number(value) else None
        case int():
            return path if contains_card_number(str(value)) else None
        case float():
            return path if contains_card_number(f"{value:.0f}") else None
        case dict():
            children = [(f"{path}.{key}" if path else key, key, item) for key, item in value.items()]
            if any(contains_card_number(key) for _, key, _ in children):
                return path or "body"
            found = (find_card_number(item, name) for name, _, item in children)
            return next((name for name in found if name is not None), None)
        case list():
            found = (find_card_number(item, f"{path}[{index}]") for index, item in enumerate(value))
            return next((name for name in found if name is not None), None)
    return None


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char, char)) for char in unicodedata.normalize("NFKC", text))


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
        first <= int(digits[: len(str(first))]) <= last and len(digits) in lengths
        for first, last, lengths in _ISSUERS
    )
    return fits and _luhn_holds(digits)


def _luhn_holds(digits: str) -> bool:
    doubled = (int(digit) * 2 for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)) % 10 == 0
