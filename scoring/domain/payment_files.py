"""Public transaction files, read as payments. Recognises two shapes by their column names.

* handbook (Fraud Detection Handbook, and the bundled data): transaction_id, tx_datetime, customer_id, terminal_id,
  amount. A terminal is the merchant.
* Sparkov: transaction_id, tx_datetime, customer_id, merchant_id, category, amount, merch_lat, merch_long.

Times without a zone are UTC. Rows must be in time order, as they would have arrived. Labels are a file apart:
transaction_id, is_fraud, and if wanted label_available_at; a payment it does not name is legitimate.
"""

import csv
import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

_SHARED = frozenset({"transaction_id", "tx_datetime", "customer_id", "amount"})
_HANDBOOK = _SHARED | {"terminal_id"}
_SPARKOV = _SHARED | {"merchant_id", "category", "merch_lat", "merch_long"}

# ISO 18245 codes nearest to Sparkov's categories.
SPARKOV_CATEGORY_CODES = {
    "entertainment": "7832",
    "food_dining": "5812",
    "gas_transport": "5541",
    "grocery_net": "5411",
    "grocery_pos": "5411",
    "health_fitness": "7997",
    "home": "5200",
    "kids_pets": "5945",
    "misc_net": "5999",
    "misc_pos": "5999",
    "personal_care": "7230",
    "shopping_net": "5311",
    "shopping_pos": "5311",
    "travel": "4722",
}


class PaymentFileError(ValueError):
    """The file is not one of the known shapes, or a row cannot be read; the message names file, line and column."""


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One row as it was written. `amount` is a decimal string, the currency is not in the file."""

    transaction_id: str
    occurred_at: datetime
    customer_id: str
    merchant_id: str
    amount: str
    category_code: str | None = None
    channel: str = "pos"
    latitude: float | None = None
    longitude: float | None = None


def payment_rows(path: Path) -> Iterator[PaymentRow]:
    """The payments of a CSV file (plain or .gz), in time order.

    Errors: PaymentFileError for wrong columns, an unreadable value or a row earlier than the one before.
    """
    previous = datetime.min.replace(tzinfo=UTC)
    with csv_table(path) as table:
        read = _row_reader(path, table.fieldnames or ())
        for row in table:
            try:
                payment = read(row)
            except (ValueError, TypeError, AttributeError) as error:
                raise PaymentFileError(f"{path.name}, line {table.line_num}: {error}") from None
            if payment.occurred_at < previous:
                raise PaymentFileError(f"{path.name}, line {table.line_num}: earlier than the row before it.")
            previous = payment.occurred_at
            yield payment


def fraud_labels(path: Path) -> dict[str, datetime | None]:
    """The transactions a label file calls fraud, each with the moment that was known, if the file says."""
    with csv_table(path) as table:
        columns_need(path, table.fieldnames or (), frozenset({"transaction_id", "is_fraud"}))
        return {
            row["transaction_id"]: _known_at(path, table.line_num, row) for row in table if row["is_fraud"] == "1"
        }


def _known_at(path: Path, line: int, row: dict[str, str]) -> datetime | None:
    try:
        return _moment(text) if (text := row.get("label_available_at")) else None
    except ValueError as error:
        raise PaymentFileError(f"{path.name}, line {line}: {error}") from None


def accounts_opened_at(first: PaymentRow) -> datetime:
    """When all accounts of a file count as opened: the midnight (UTC) before its first row. What came before is not
    known, and an account's age says how much history its habits are reckoned from.
    """
    return first.occurred_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def count_rows(path: Path) -> int:
    """Rows of a CSV file; cheap, for progress bars."""
    with _lines(path) as lines:
        return max(0, sum(1 for line in lines if line.strip()) - 1)


@contextmanager
def csv_table(path: Path) -> "Iterator[csv.DictReader[str]]":
    with _lines(path) as lines:
        yield csv.DictReader(lines)


@contextmanager
def _lines(path: Path) -> Iterator[TextIO]:
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") if path.suffix == ".gz" else _plain(path) as lines:
            yield lines
    except (csv.Error, OSError, EOFError, UnicodeDecodeError) as error:
        raise PaymentFileError(f"{path} cannot be read: {error}") from None


def _plain(path: Path) -> TextIO:
    return path.open(encoding="utf-8", newline="")


def _row_reader(path: Path, columns: Iterable[str]) -> Callable[[dict[str, str]], PaymentRow]:
    found = set(columns)
    if found >= _SPARKOV:
        return _sparkov_row
    columns_need(path, found, _HANDBOOK)
    return _handbook_row


def columns_need(path: Path, columns: Iterable[str], needed: frozenset[str]) -> None:
    missing = sorted(needed - set(columns))
    if missing:
        raise PaymentFileError(f"{path.name} has no column {', '.join(missing)}.")


def _handbook_row(row: dict[str, str]) -> PaymentRow:
    return PaymentRow(
        transaction_id=row["transaction_id"],
        occurred_at=_moment(row["tx_datetime"]),
        customer_id=row["customer_id"],
        merchant_id=row["terminal_id"],
        amount=row["amount"],
    )


def _sparkov_row(row: dict[str, str]) -> PaymentRow:
    category = row["category"]
    return PaymentRow(
        transaction_id=row["transaction_id"],
        occurred_at=_moment(row["tx_datetime"]),
        customer_id=row["customer_id"],
        merchant_id=row["merchant_id"],
        amount=row["amount"],
        category_code=SPARKOV_CATEGORY_CODES.get(category),
        channel="ecommerce" if category.endswith("_net") else "pos",
        latitude=float(row["merch_lat"]),
        longitude=float(row["merch_long"]),
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
