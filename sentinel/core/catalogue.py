"""The feature catalogue: every value a rule may test or a model may read, with its type, unit and words.

A payment is described by one tuple of values in the order of FIELDS; `INDEX[name]` is a value's place.
The fields with `packed` set are frozen with each decision as one array of float64 (`pack`), so a field must never
change its meaning or place: a changed definition is a new name at the end, with a new CATALOGUE_VERSION. So the
array of an older version is the beginning of a newer one, and `packed_fields` says how much of it there is.

Missing is None in a value tuple and NaN in a packed array. It never means zero.
"""

import math
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sentinel.core.fields.types import (
    ACCOUNT_RISKS,
    CHANNELS,
    NUMERIC_TYPES,
    TRANSACTION_TYPES,
    Field,
    FieldType,
)
from sentinel.core.fields.version_1 import VERSION_1
from sentinel.core.fields.version_2 import VERSION_2
from sentinel.core.fields.version_3 import VERSION_3

__all__ = [
    "ACCOUNT_RISKS",
    "BY_NAME",
    "CATALOGUE_VERSION",
    "CHANNELS",
    "FIELDS",
    "INDEX",
    "NUMERIC_TYPES",
    "PACKED_FIELDS",
    "PACKED_INDEX",
    "TRANSACTION_TYPES",
    "Field",
    "FieldType",
    "Value",
    "Values",
    "pack",
    "packed_fields",
    "unpack",
]

CATALOGUE_VERSION = 3

Value = str | int | float | bool | None
Values = tuple[Value, ...]

_LETTERS = frozenset({FieldType.COUNTRY, FieldType.CURRENCY, FieldType.CATEGORY})

FIELDS: tuple[Field, ...] = VERSION_1 + VERSION_2 + VERSION_3

BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}
INDEX: dict[str, int] = {field.name: place for place, field in enumerate(FIELDS)}

PACKED_FIELDS: tuple[Field, ...] = tuple(field for field in FIELDS if field.packed)
PACKED_INDEX: dict[str, int] = {field.name: place for place, field in enumerate(PACKED_FIELDS)}
# How many fields a snapshot of each catalogue version has: the first so many of PACKED_FIELDS.
_PACKED_COUNTS = {
    version: sum(field.since <= version for field in PACKED_FIELDS) for version in range(1, CATALOGUE_VERSION + 1)
}
_STRUCTS_BY_SIZE = {count * 8: struct.Struct(f"<{count}d") for count in _PACKED_COUNTS.values()}
_PACKED_STRUCT = _STRUCTS_BY_SIZE[len(PACKED_FIELDS) * 8]


def packed_fields(version: int) -> tuple[Field, ...]:
    """The fields of a snapshot of a catalogue version, in their order. Errors: KeyError for an unknown version."""
    return PACKED_FIELDS[: _PACKED_COUNTS[version]]


def pack(values: Sequence[Value]) -> bytes:
    """The snapshot of a value tuple: little-endian float64, one per PACKED_FIELDS entry, NaN where missing."""
    packed = list(_packed_values(values))
    for place, number_of in _NUMBERS_OF:
        if (value := packed[place]) is not None:
            packed[place] = number_of(value)
    return _PACKED_STRUCT.pack(*[math.nan if value is None else value for value in packed])


def unpack(snapshot: bytes) -> dict[str, Value]:
    """The values of a snapshot of any catalogue version by field name, those that it has.

    Errors: struct.error when it is of another length.
    """
    numbers = _STRUCTS_BY_SIZE.get(len(snapshot), _PACKED_STRUCT).unpack(snapshot)
    return {
        name: None if math.isnan(number) else value_of(number)
        for (name, value_of), number in zip(_UNPACKING, numbers, strict=False)
    }


@lru_cache(maxsize=4096)
def _letters_to_number(text: str) -> int:
    """Codes of capital letters as a number in base 26; digits ("5732") as the number they are."""
    if text.isdigit():
        return int(text)
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - ord("A")
    return number


@lru_cache(maxsize=4096)
def _number_to_letters(number: float, length: int) -> str:
    letters, rest = [], int(number)
    for _ in range(length):
        rest, letter = divmod(rest, 26)
        letters.append(chr(letter + ord("A")))
    return "".join(reversed(letters))


def _number_of(field: Field) -> Callable[[Any], int] | None:
    """What makes a number of a value that is not one; None for those that are."""
    if field.choices:
        return field.choices.index
    return _letters_to_number if field.type in _LETTERS else None


def _value_of(field: Field) -> Callable[[float], Value]:
    """What makes a value of its number."""
    match field.type:
        case FieldType.NUMBER:
            return float
        case FieldType.FLAG:
            return bool
        case FieldType.CHOICE:
            return lambda number: field.choices[int(number)]
        case FieldType.COUNTRY:
            return lambda number: _number_to_letters(number, 2)
        case FieldType.CURRENCY:
            return lambda number: _number_to_letters(number, 3)
        case FieldType.CATEGORY:
            return lambda number: f"{int(number):04d}"
    return int


_packed_values = itemgetter(*(INDEX[field.name] for field in PACKED_FIELDS))
# The packed fields whose values are no numbers, by place; and by packed field its name and what makes its value.
_NUMBERS_OF = tuple(
    (place, make) for place, field in enumerate(PACKED_FIELDS) for make in [_number_of(field)] if make is not None
)
_UNPACKING = tuple((field.name, _value_of(field)) for field in PACKED_FIELDS)


def number_of(name: str, value: Value) -> float:
    """The number by which a snapshot stands for a value of a packed field; NaN where it is missing."""
    if value is None:
        return math.nan
    make = _number_of(BY_NAME[name])
    return float(value) if make is None else float(make(value))


def value_of(name: str, number: float) -> Value:
    """The other way of number_of."""
    return None if math.isnan(number) else _value_of(BY_NAME[name])(number)
