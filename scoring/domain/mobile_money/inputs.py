"""What models of mobile money read of a payment, computed from its snapshot alone.

Amounts are only ever told by their share of a balance, so one model serves every currency. Most inputs are zero for
an ordinary payment: those are the forest's, which isolates whatever is rare. Only +, -, *, / and comparisons are
used, so a payment's inputs are the same bits alone, in a group, and on another machine. An input never changes its
meaning: a changed definition is a new name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan

import numpy as np

from scoring.domain.mobile_money.payments import FIELDS, TYPES, MobileType
from scoring.domain.snapshots import Column, Columns, Inputs
from sentinel.core.catalogue import Value

_PLACE = {name: place for place, name in enumerate(FIELDS)}
AMOUNT_PLACE = _PLACE["amount"]
_NIGHT_ENDS_HOUR = 6
Described = tuple[str, float, float]  # words, the payment's value, the usual value


class MobileFields:
    """The fields of a batch by name, and what several inputs are made of."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def __getitem__(self, name: str) -> Column:
        column: Column = self._columns[:, _PLACE[name]]
        return column

    def is_type(self, kind: MobileType) -> Column:
        return _flag(self["type"] == TYPES.index(kind))

    @cached_property
    def goes_out(self) -> Column:
        return 1.0 - self.is_type(MobileType.CASH_IN)

    @cached_property
    def amount(self) -> Column:
        """At least one hundredth, to divide by."""
        return np.maximum(self["amount"], 1.0)

    @cached_property
    def outflow(self) -> Column:
        """What the origin should lose; below zero for money paid in."""
        return self["amount"] * (2.0 * self.goes_out - 1.0)

    @cached_property
    def origin_gap(self) -> Column:
        return (self["origin_before"] - self.outflow - self["origin_after"]) / self.amount

    @cached_property
    def to_customer(self) -> Column:
        return 1.0 - self["destination_is_merchant"]

    @cached_property
    def is_untold(self) -> Column:
        """A customer whose balances are given as zero before and after: an account elsewhere."""
        return _flag((self["destination_before"] == 0) & (self["destination_after"] == 0)) * self.to_customer

    @cached_property
    def destination_gap(self) -> Column:
        told = self.to_customer * (1.0 - self.is_untold)
        return (self["destination_before"] + self.outflow - self["destination_after"]) / self.amount * told

    @cached_property
    def emptied(self) -> Column:
        return _flag((self["origin_before"] > 0) & (self["origin_after"] == 0)) * self.goes_out

    @cached_property
    def emptied_exactly(self) -> Column:
        return self.emptied * _flag(self["amount"] == self["origin_before"])

    @cached_property
    def amount_share(self) -> Column:
        """Of amount and balance together: a half when the amount is all there is."""
        return self["amount"] / np.maximum(self["amount"] + self["origin_before"], 1.0) * self.goes_out

    @cached_property
    def is_night(self) -> Column:
        return _flag(self["step"] % 24 < _NIGHT_ENDS_HOUR)


def _flag(holds: "np.typing.NDArray[np.bool_]") -> Column:
    return holds.astype(np.float64)


@dataclass(frozen=True, slots=True)
class MobileInput:
    """`group` is the reason it speaks for, `words` what it says of a payment; `is_flag` ones say nothing at zero."""

    name: str
    group: str
    words: str
    compute: Callable[[MobileFields], Column]
    is_flag: bool = False


INPUTS: tuple[MobileInput, ...] = (
    MobileInput(
        "origin_gap", "balance_arithmetic", "The sender's balances do not fit the amount", lambda of: of.origin_gap
    ),
    MobileInput(
        "origin_loss",
        "balance_arithmetic",
        "The sender loses more than the amount",
        lambda of: np.maximum(of.origin_gap, 0.0),
    ),
    MobileInput(
        "destination_gap",
        "balance_arithmetic",
        "The receiver's balances do not fit the amount",
        lambda of: of.destination_gap,
    ),
    MobileInput("emptied", "account_drained", "Nothing is left on the account", lambda of: of.emptied, True),
    MobileInput(
        "emptied_exactly",
        "account_drained",
        "The amount is the whole balance of the account",
        lambda of: of.emptied_exactly,
        True,
    ),
    MobileInput(
        "emptied_by_transfer",
        "account_drained",
        "A transfer takes the whole balance of the account",
        lambda of: of.emptied_exactly * of.is_type(MobileType.TRANSFER),
        True,
    ),
    MobileInput(
        "emptied_by_cash_out",
        "account_drained",
        "The whole balance of the account is cashed out",
        lambda of: of.emptied_exactly * of.is_type(MobileType.CASH_OUT),
        True,
    ),
    MobileInput(
        "amount_share", "amount_vs_balance", "The amount is large for the balance", lambda of: of.amount_share
    ),
    MobileInput(
        "is_transfer", "transaction_type", "It is a transfer", lambda of: of.is_type(MobileType.TRANSFER), True
    ),
    MobileInput(
        "is_cash_out", "transaction_type", "It is cashed out", lambda of: of.is_type(MobileType.CASH_OUT), True
    ),
    MobileInput("is_cash_in", "transaction_type", "It is paid in", lambda of: of.is_type(MobileType.CASH_IN), True),
    MobileInput(
        "destination_is_merchant",
        "destination",
        "It goes to a merchant",
        lambda of: of["destination_is_merchant"],
        True,
    ),
    MobileInput(
        "destination_untold",
        "destination",
        "The receiver's balances are not told",
        lambda of: of.is_untold * of.goes_out,
        True,
    ),
    MobileInput(
        "destination_was_empty",
        "destination",
        "The receiver had nothing before",
        lambda of: _flag(of["destination_before"] == 0) * of.to_customer * of.goes_out,
        True,
    ),
    MobileInput(
        "destination_share",
        "destination",
        "The amount is large for the receiver's balance",
        lambda of: of["amount"] / np.maximum(of["amount"] + of["destination_before"], 1.0) * of.to_customer,
    ),
    MobileInput("hour", "time_of_day", "The hour of the day", lambda of: of["step"] % 24),
    MobileInput(
        "night_amount_share",
        "time_of_day",
        "At night, and large for the balance",
        lambda of: of.is_night * of.amount_share,
    ),
)
INPUT_NAMES: tuple[str, ...] = tuple(each.name for each in INPUTS)
FOREST_NAMES: tuple[str, ...] = (
    "origin_loss",
    "destination_gap",
    "emptied_by_transfer",
    "emptied_by_cash_out",
    "amount_share",
    "destination_untold",
    "night_amount_share",
)
INPUTS_BY_NAME: Mapping[str, MobileInput] = {each.name: each for each in INPUTS}
GROUP_OF: Mapping[str, str] = {each.name: each.group for each in INPUTS}


def mobile_inputs(columns: Columns, names: Sequence[str] = INPUT_NAMES) -> Inputs:
    """One row a payment, in the order of `names`."""
    fields = MobileFields(columns)
    inputs = np.empty((len(columns), len(names)), dtype=np.float32)
    for place, name in enumerate(names):
        inputs[:, place] = INPUTS_BY_NAME[name].compute(fields)
    return inputs


def mobile_forest_inputs(columns: Columns, names: Sequence[str] = FOREST_NAMES) -> Inputs:
    """A forest's: as `mobile_inputs`, by default of its own names."""
    return mobile_inputs(columns, names)


class MobileInputs:
    """Reads the inputs of one model."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def of(self, columns: Columns) -> Inputs:
        """One row a payment, in the order of the names. A row does not depend on its group."""
        return mobile_inputs(columns, self.names)


def describe_mobile(name: str, values: Mapping[str, Value], median: float) -> Described | None:
    """In words for a receipt; usual is the median of the training payments. None where an input says nothing."""
    told = INPUTS_BY_NAME[name]
    row = np.array([[float(values[field] or 0) for field in FIELDS]])
    number = float(told.compute(MobileFields(row))[0])
    if isnan(number) or (told.is_flag and not number):
        return None
    if name == "hour":
        return f"It happens in hour {number:.0f} of the day", number, median
    if name in ("amount_share", "night_amount_share"):
        return _of_balance(told.words, values), number, median
    return told.words, number, median


def _of_balance(words: str, values: Mapping[str, Value]) -> str:
    amount, balance = float(values["amount"] or 0), float(values["origin_before"] or 0)
    return f"{words}: {100 * amount / balance:,.0f} % of it" if balance else f"{words}, which is zero"
