"""The feature catalogue: every value a rule may test or a model may read, with its type, unit and words.

A payment is described by one tuple of values in the order of FIELDS; `INDEX[name]` is a value's place.
The fields with `packed` set are frozen with each decision as one array of float64 (`pack`), so a field must never
change its meaning or place: a changed definition is a new name at the end, with a new CATALOGUE_VERSION.

Missing is None in a value tuple and NaN in a packed array. It never means zero.
"""

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

CATALOGUE_VERSION = 1

Value = str | int | float | bool | None
Values = tuple[Value, ...]


class FieldType(StrEnum):
    MONEY = "money"  # minor units (int) of the payment's own currency
    WHOLE = "whole"  # int
    NUMBER = "number"  # float
    FLAG = "flag"  # bool
    COUNTRY = "country"  # ISO 3166-1 alpha-2
    CURRENCY = "currency"  # ISO 4217
    CATEGORY = "category"  # merchant category code, ISO 18245, four digits
    CHOICE = "choice"  # one of `choices`
    TEXT = "text"


_LETTERS = frozenset({FieldType.COUNTRY, FieldType.CURRENCY, FieldType.CATEGORY})
NUMERIC_TYPES = frozenset({FieldType.MONEY, FieldType.WHOLE, FieldType.NUMBER})


@dataclass(frozen=True, slots=True)
class Field:
    """One entry. `words` reads inside a sentence ("the amount"); `missing` says when there is no value."""

    name: str
    type: FieldType
    group: str
    words: str
    unit: str = ""
    missing: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()
    packed: bool = True
    after_model: bool = False  # known only once the model has scored: rules that use it form the second pass


TRANSACTION_TYPES = ("purchase", "withdrawal", "transfer", "top_up")
CHANNELS = ("ecommerce", "pos", "atm", "mobile", "branch", "recurring", "other")
ACCOUNT_RISKS = ("low", "normal", "high")

_M, _W, _N, _F = FieldType.MONEY, FieldType.WHOLE, FieldType.NUMBER, FieldType.FLAG
_NOT_SENT = "the gateway did not send it"
_FIRST = "the account's first payment"
_NO_HISTORY = "fewer than two payments in the window, or all of them equal"
_NO_PLACE = "this or every earlier payment of the last 30 days has no coordinates"


def _text(name: str, group: str, words: str, missing: str = _NOT_SENT, example: str = "") -> Field:
    return Field(name, FieldType.TEXT, group, words, missing=missing, example=example, packed=False)


FIELDS: tuple[Field, ...] = (
    # -- the payment as it was sent
    Field("amount", _M, "Transaction", "the amount", example="5,000 INR"),
    Field("currency", FieldType.CURRENCY, "Transaction", "the currency", example="INR"),
    Field(
        "transaction_type",
        FieldType.CHOICE,
        "Transaction",
        "the transaction type",
        example="purchase",
        choices=TRANSACTION_TYPES,
    ),
    Field(
        "channel",
        FieldType.CHOICE,
        "Transaction",
        "the channel",
        missing=_NOT_SENT,
        example="ecommerce",
        choices=CHANNELS,
    ),
    _text("merchant_id", "Merchant", "the merchant", example="m_17"),
    _text("merchant_name", "Merchant", "the merchant's name", example="Corner Books"),
    Field(
        "merchant_category",
        FieldType.CATEGORY,
        "Merchant",
        "the merchant category",
        missing=_NOT_SENT,
        example="5732",
    ),
    Field(
        "merchant_country",
        FieldType.COUNTRY,
        "Merchant",
        "the merchant's country",
        missing=_NOT_SENT,
        example="IN",
    ),
    _text("card_bin", "Card", "the card's BIN", example="411111"),
    _text("card_token", "Card", "the card", example="tok_9f"),
    _text("device_id", "Device", "the device", example="dev_31"),
    _text("ip_address", "Device", "the IP address", example="203.0.113.9"),
    Field(
        "location_country",
        FieldType.COUNTRY,
        "Location",
        "the country",
        missing=_NOT_SENT,
        example="FR",
    ),
    _text("location_city", "Location", "the city", example="Paris"),
    _text("counterparty_account_id", "Transaction", "the receiving account", example="acc_bob"),
    # -- the account
    _text("account_id", "Account", "the account", missing="never", example="acc_alice"),
    Field("home_country", FieldType.COUNTRY, "Account", "the account's home country", example="IN"),
    Field(
        "account_risk",
        FieldType.CHOICE,
        "Account",
        "the account's risk level",
        example="high",
        choices=ACCOUNT_RISKS,
    ),
    Field("account_age_days", _N, "Account", "the age of the account", unit="days"),
    # -- time, in the account's home zone
    Field("hour", _W, "Time", "the hour of day at home", unit="0 to 23"),
    Field("weekday", _W, "Time", "the day of the week at home", unit="1 Monday to 7 Sunday"),
    Field("is_night", _F, "Time", "the payment is made at night at home (23:00 to 05:59)"),
    # -- velocity of the account; this payment is not counted
    Field("payments_1h", _W, "Velocity", "the account's payments in the last hour", unit="payments"),
    Field("payments_24h", _W, "Velocity", "the account's payments in the last 24 hours", unit="payments"),
    Field("payments_7d", _W, "Velocity", "the account's payments in the last 7 days", unit="payments"),
    Field("amount_1h", _M, "Velocity", "the sum the account paid in the last hour"),
    Field("amount_24h", _M, "Velocity", "the sum the account paid in the last 24 hours"),
    Field("amount_7d", _M, "Velocity", "the sum the account paid in the last 7 days"),
    Field("merchants_1h", _W, "Velocity", "different merchants in the last hour", unit="merchants"),
    Field("merchants_24h", _W, "Velocity", "different merchants in the last 24 hours", unit="merchants"),
    Field("merchants_7d", _W, "Velocity", "different merchants in the last 7 days", unit="merchants"),
    # -- against the account's own history
    Field("payments_30d", _W, "History", "the account's payments in the last 30 days", unit="payments"),
    Field(
        "history_days",
        _N,
        "History",
        "the days that the account's payments of the last 30 days reach back",
        unit="days",
        missing="no payment in the window",
    ),
    Field(
        "usual_amount_30d",
        _M,
        "History",
        "the account's usual amount (mean of 30 days)",
        missing="no payment in the window",
    ),
    Field(
        "amount_vs_usual_30d",
        _N,
        "History",
        "the amount as a multiple of the usual amount",
        unit="times",
        missing="no payment in the window",
        example="12",
    ),
    Field(
        "amount_deviation_30d",
        _N,
        "History",
        "how far the amount is from the usual amount",
        unit="standard deviations",
        missing=_NO_HISTORY,
    ),
    Field(
        "seconds_since_last",
        _N,
        "History",
        "the time since the account's last payment",
        unit="seconds",
        missing=_FIRST,
    ),
    Field(
        "merchant_is_new",
        _F,
        "History",
        "the merchant is new to the account (not seen for 90 days)",
        missing="the payment names no merchant",
    ),
    # -- travel since the account's previous located payment
    Field(
        "distance_km",
        _N,
        "Travel",
        "the distance from the previous payment's place",
        unit="km",
        missing=_NO_PLACE,
    ),
    Field(
        "speed_kmh",
        _N,
        "Travel",
        "the travel speed since the previous payment",
        unit="km/h",
        missing=_NO_PLACE,
    ),
    # -- the model's answer: rules that use these run in the second pass
    Field(
        "fraud_probability",
        _N,
        "Score",
        "the fraud probability",
        unit="0 to 1",
        missing="the model in use is not a supervised one, or no model answered",
        packed=False,
        after_model=True,
    ),
    Field(
        "score_percentile",
        _N,
        "Score",
        "the score percentile",
        unit="0 to 1",
        missing="no model answered",
        packed=False,
        after_model=True,
    ),
)

BY_NAME: dict[str, Field] = {field.name: field for field in FIELDS}
INDEX: dict[str, int] = {field.name: place for place, field in enumerate(FIELDS)}

PACKED_FIELDS: tuple[Field, ...] = tuple(field for field in FIELDS if field.packed)
PACKED_INDEX: dict[str, int] = {field.name: place for place, field in enumerate(PACKED_FIELDS)}
_PACKED_STRUCT = struct.Struct(f"<{len(PACKED_FIELDS)}d")


def pack(values: Sequence[Value]) -> bytes:
    """The snapshot of a value tuple: little-endian float64, one per PACKED_FIELDS entry, NaN where missing."""
    numbers = [
        math.nan if (value := values[place]) is None else value if number_of is None else number_of(value)
        for place, number_of in _PACKING
    ]
    return _PACKED_STRUCT.pack(*numbers)


def unpack(snapshot: bytes) -> dict[str, Value]:
    """The values of a snapshot by field name. Errors: struct.error when it is of another length."""
    numbers = _PACKED_STRUCT.unpack(snapshot)
    return {
        name: None if math.isnan(number) else value_of(number)
        for (name, value_of), number in zip(_UNPACKING, numbers, strict=True)
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


# By packed field: its place in the value tuple and what makes its number; its name and what makes its value.
_PACKING = tuple((INDEX[field.name], _number_of(field)) for field in PACKED_FIELDS)
_UNPACKING = tuple((field.name, _value_of(field)) for field in PACKED_FIELDS)
