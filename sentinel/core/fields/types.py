"""What a field of the catalogue is."""

from dataclasses import dataclass
from enum import StrEnum


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
    since: int = 1  # the catalogue version that brought it


TRANSACTION_TYPES = ("purchase", "withdrawal", "transfer", "top_up")
CHANNELS = ("ecommerce", "pos", "atm", "mobile", "branch", "recurring", "other")
ACCOUNT_RISKS = ("low", "normal", "high")
