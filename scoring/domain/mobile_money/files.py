"""CSV files (plain or .gz) of mobile-money payments in PaySim's columns, with or without the truth in `isFraud`."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from scoring.domain.mobile_money.payments import MobilePayment, MobileType, hundredths
from scoring.domain.payment_files import PaymentFileError, columns_need, csv_table

COLUMNS = (
    "step",
    "type",
    "amount",
    "nameOrig",
    "oldbalanceOrg",
    "newbalanceOrig",
    "nameDest",
    "oldbalanceDest",
    "newbalanceDest",
)
_SPREADSHEET = re.compile(r"[0-9](\.[0-9]{1,15})?E\+?[0-9]{1,2}", re.ASCII)
_BALANCES = ("oldbalanceOrg", "newbalanceOrig", "oldbalanceDest", "newbalanceDest")
Row = tuple[MobilePayment, bool | None]


def mobile_rows(path: Path) -> Iterator[Row]:
    """Each payment with whether it is fraud, None where the file does not say; in the order of their steps.

    Errors: PaymentFileError for missing columns, an unreadable value or a row earlier than the one before.
    """
    previous = 0
    with csv_table(path) as table:
        columns_need(path, table.fieldnames or (), frozenset(COLUMNS))
        for row in table:
            try:
                payment, is_fraud = mobile_payment_of(row), _truth(row)
            except ValueError as error:
                raise PaymentFileError(f"{path.name}, line {table.line_num}: {error}") from None
            if payment.step < previous:
                raise PaymentFileError(f"{path.name}, line {table.line_num}: earlier than the row before it.")
            previous = payment.step
            yield payment, is_fraud


def mobile_payment_of(row: Mapping[str, str]) -> MobilePayment:
    """Errors: ValueError, which names the column."""
    money = {name: _money(row, name) for name in ("amount", *_BALANCES)}
    step = row["step"] or ""
    if not (step.isascii() and step.isdigit() and len(step) < 8):
        raise ValueError(f"step {step!r} is not a number of hours.")
    if row["type"] not in MobileType.__members__:
        raise ValueError(f"type {row['type']!r} is none of {', '.join(MobileType)}.")
    return MobilePayment(
        step=int(step),
        type=MobileType(row["type"]),
        amount_minor=money["amount"],
        origin=_name(row, "nameOrig"),
        origin_before_minor=money["oldbalanceOrg"],
        origin_after_minor=money["newbalanceOrig"],
        destination=_name(row, "nameDest"),
        destination_before_minor=money["oldbalanceDest"],
        destination_after_minor=money["newbalanceDest"],
    )


def _money(row: Mapping[str, str], name: str) -> int:
    """Spreadsheets write large numbers as 1.92E+07."""
    text = row[name] or ""
    if _SPREADSHEET.fullmatch(text):
        text = f"{Decimal(text):f}"
    try:
        return hundredths(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _name(row: Mapping[str, str], name: str) -> str:
    text = row[name] or ""
    if text[:1] not in ("C", "M"):
        raise ValueError(f"{name} {text!r} begins neither with C nor with M.")
    return text


def _truth(row: Mapping[str, str]) -> bool | None:
    text = row.get("isFraud")
    if text in (None, ""):
        return None
    if text not in ("0", "1"):
        raise ValueError(f"isFraud {text!r} is neither 0 nor 1.")
    return text == "1"
