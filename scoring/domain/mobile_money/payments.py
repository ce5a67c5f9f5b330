"""One mobile-money payment, and the array of numbers that models read of it.

Amounts are hundredths of a unit that the shape does not name. Balances are as the sender of the item tells them:
those of merchants and of accounts elsewhere are usually given as zero.
"""

import re
import struct
from collections.abc import Sequence
from enum import StrEnum

import numpy as np

from scoring.domain.snapshots import Columns
from sentinel.core.money import MAX_AMOUNT_MINOR, AmountError
from sentinel.core.values import value

SHAPE_VERSION = 1  # of FIELDS: what changes its meaning gets another one
NO_CURRENCY = "XXX"  # ISO 4217: no currency is involved
CHANNEL = "mobile"  # of policies: bands of this channel fit
FIELDS = (
    "step",
    "type",
    "amount",
    "origin_before",
    "origin_after",
    "destination_before",
    "destination_after",
    "destination_is_merchant",
)
_STRUCT = struct.Struct(f"<{len(FIELDS)}d")
_HUNDREDTHS = re.compile(r"([0-9]{1,40})(?:\.([0-9]{1,40}))?", re.ASCII)


class MobileType(StrEnum):
    PAYMENT = "PAYMENT"
    TRANSFER = "TRANSFER"
    CASH_OUT = "CASH_OUT"
    CASH_IN = "CASH_IN"
    DEBIT = "DEBIT"

    @property
    def takes_money_out(self) -> bool:
        return self is not MobileType.CASH_IN


TYPES = tuple(MobileType)


@value
class MobilePayment:
    """`step` counts hours. Before and after are balances in hundredths, as is the amount."""

    step: int
    type: MobileType
    amount_minor: int
    origin: str
    origin_before_minor: int
    origin_after_minor: int
    destination: str
    destination_before_minor: int
    destination_after_minor: int
    transaction_id: str | None = None

    # What a prediction keeps of it, by the names that other payments have.
    @property
    def account_id(self) -> str:
        return self.origin

    @property
    def reference(self) -> str | None:
        return self.transaction_id

    @property
    def currency(self) -> str:
        return NO_CURRENCY

    @property
    def goes_to_merchant(self) -> bool:
        """Names of merchants begin with M, those of customers with C."""
        return self.destination.startswith("M")

    def packed(self) -> bytes:
        """Its snapshot: little-endian float64, one for each of FIELDS."""
        return _STRUCT.pack(
            self.step,
            TYPES.index(self.type),
            self.amount_minor,
            self.origin_before_minor,
            self.origin_after_minor,
            self.destination_before_minor,
            self.destination_after_minor,
            self.goes_to_merchant,
        )


def mobile_columns(snapshots: Sequence[bytes]) -> Columns:
    """One row a payment, one column for each of FIELDS. Errors: ValueError for snapshots of another length."""
    return np.frombuffer(b"".join(snapshots), dtype="<f8").reshape(len(snapshots), len(FIELDS))


def mobile_values(snapshot: bytes) -> dict[str, str | int | float | bool | None]:
    """The values of a snapshot by the names of FIELDS. Errors: struct.error when it is of another length."""
    return dict(zip(FIELDS, _STRUCT.unpack(snapshot), strict=True))


def hundredths(text: str) -> int:
    """Of a decimal such as "9839.64". Errors: AmountError with code not_an_amount, over_precise or too_large."""
    match = _HUNDREDTHS.fullmatch(text)
    if match is None:
        raise AmountError("not_an_amount", 'Write amounts and balances as decimals, for example "9839.64".')
    whole, fraction = match.groups(default="")
    if fraction[2:].strip("0"):
        raise AmountError("over_precise", "Amounts and balances have two decimals at most.")
    minor = int(whole + fraction[:2].ljust(2, "0"))
    if minor > MAX_AMOUNT_MINOR:
        raise AmountError("too_large", f"The largest amount is {amount_text(MAX_AMOUNT_MINOR)}.")
    return minor


def amount_text(minor: int) -> str:
    """983964 -> "9839.64"."""
    return f"{minor // 100}.{minor % 100:02d}"
