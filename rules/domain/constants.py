"""Reads the constants of a condition by the type of its field. Each reader returns the constant or raises Refused."""

import reprlib
from collections.abc import Callable, Iterable
from difflib import get_close_matches

from rules.domain.expressions import NUMBER_MAX, TEXT_LENGTH_MAX, Constant, Money
from rules.domain.places import Place
from sentinel.core.card_numbers import contains_card_number
from sentinel.core.catalogue import Field, FieldType
from sentinel.core.countries import COUNTRIES
from sentinel.core.money import EXPONENTS, AmountError, parse_amount


class Refused(ValueError):
    """Something that does not fit. `code` is stable, the message says what to write instead.

    `place` is set where it is narrower than the place of whoever catches this.
    """

    def __init__(self, code: str, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.place = place


def read_constant(json: object, field: Field) -> Constant:
    return _READERS[field.type](json, field)


def shown(json: object) -> str:
    """A short picture of what somebody wrote, for messages."""
    text = f'"{json}"' if isinstance(json, str) and json.isprintable() else reprlib.repr(json)
    return text if len(text) <= 40 else f"{text[:37]}..."


def one_of(words: Iterable[str]) -> str:
    return f"Choose one of: {', '.join(words)}."


def near(word: object, words: Iterable[str]) -> str:
    """A question such as ' Did you mean amount?', or nothing when no word is near."""
    text = word[:TEXT_LENGTH_MAX].lower() if isinstance(word, str) else ""
    matches = get_close_matches(text, list(words), n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(matches)}?" if matches else ""


def _money(json: object, field: Field) -> Money:
    match json:
        case {"amount": str(amount), "currency": str(currency), **rest} if not rest:
            return _money_of(amount, currency)
    raise Refused(
        "wrong_type", f'{field.name} is money: write {{"amount": "5000.00", "currency": "INR"}}, not {shown(json)}.'
    )


def _money_of(amount: str, currency: str) -> Money:
    _currency(currency)
    try:
        minor = parse_amount(amount, currency)
    except AmountError as error:
        raise Refused(error.code, str(error)) from None
    if minor < 0:
        raise Refused("negative", "write an amount of zero or more.")
    return Money(minor, currency)


def _whole(json: object, field: Field) -> int:
    if isinstance(json, bool) or not isinstance(json, int):
        raise Refused("wrong_type", f"{field.name} is a whole number: write one such as 8, not {shown(json)}.")
    return int(_in_reach(json))


def _number(json: object, field: Field) -> float:
    if isinstance(json, bool) or not isinstance(json, int | float):
        raise Refused("wrong_type", f"{field.name} is a number: write one such as 2.5, not {shown(json)}.")
    return float(_in_reach(json))


def _in_reach(number: int | float) -> int | float:
    if not abs(number) <= NUMBER_MAX:  # NaN is not
        raise Refused("too_large", f"write a number between -{NUMBER_MAX:,} and {NUMBER_MAX:,}.")
    return number


def _text(json: object, field: Field) -> str:
    if not isinstance(json, str):
        raise Refused("wrong_type", f'{field.name} is text: write it in quotes, such as "{field.example}".')
    if not 1 <= len(json) <= TEXT_LENGTH_MAX or not json.isprintable():
        raise Refused("bad_text", f"write 1 to {TEXT_LENGTH_MAX} printable characters.")
    if contains_card_number(json):
        raise Refused("card_number", "this looks like a full card number; use the card's token.")
    return json


def _country(json: object, field: Field) -> str:
    if isinstance(json, str) and json in COUNTRIES:
        return json
    hint = f" Did you mean {json.upper()}?" if isinstance(json, str) and json.upper() in COUNTRIES else ""
    raise Refused(
        "unknown_country",
        f"{shown(json)} is not a country. Write two capital letters (ISO 3166-1), for example FR.{hint}",
    )


def _currency(json: object, field: Field | None = None) -> str:
    if isinstance(json, str) and json in EXPONENTS:
        return json
    raise Refused(
        "unknown_currency",
        f"{shown(json)} is not a currency. Write three capital letters (ISO 4217), for example INR.",
    )


def _category(json: object, field: Field) -> str:
    if isinstance(json, str) and len(json) == 4 and json.isascii() and json.isdigit():
        return json
    raise Refused("unknown_category", f'{shown(json)} is not a merchant category: write four digits, such as "5732".')


def _choice(json: object, field: Field) -> str:
    if isinstance(json, str) and json in field.choices:
        return json
    raise Refused("unknown_choice", f"{shown(json)} is not a value of {field.name}. {one_of(field.choices)}")


# A flag has no constants: is_true and is_false say it all.
_READERS: dict[FieldType, Callable[[object, Field], Constant]] = {
    FieldType.MONEY: _money,
    FieldType.WHOLE: _whole,
    FieldType.NUMBER: _number,
    FieldType.COUNTRY: _country,
    FieldType.CURRENCY: _currency,
    FieldType.CATEGORY: _category,
    FieldType.CHOICE: _choice,
    FieldType.TEXT: _text,
}
