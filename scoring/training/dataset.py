"""A transactions file as training rows: the same histories and features as live decisions, folded in time order."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ledger.domain.payments import AccountProfile, AccountStatus, PaymentRequest, TransactionType
from scoring.domain.features import describe
from scoring.domain.history import AccountHistory, PastPayment
from scoring.domain.model_inputs import Columns, columns_of
from scoring.domain.payment_files import PaymentFileError, PaymentRow, accounts_opened_at, fraud_labels, payment_rows
from sentinel.core.catalogue import pack
from sentinel.core.money import AmountError, parse_amount

Progress = Callable[[int], object]  # called with the number of rows done since the last call
_PROGRESS_ROWS = 1000

# The files name no currency. Every model input is relative to the account's own amounts, so any one serves.
_CURRENCY = "INR"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One row per payment, in time order. `is_fraud` is None when no label file was given."""

    source: str
    times: list[datetime]
    columns: Columns
    is_fraud: npt.NDArray[np.bool_] | None

    def __len__(self) -> int:
        return len(self.times)


def dataset_read(
    transactions: Path,
    labels: Path | None = None,
    *,
    limit: int | None = None,
    on_progress: Progress = lambda rows: None,
) -> Dataset:
    """Errors: PaymentFileError for a file that cannot be read, or one without rows."""
    frauds = fraud_labels(labels) if labels else None
    times, snapshots, marks = [], [], []
    for row, snapshot in _described(islice(payment_rows(transactions), limit)):
        times.append(row.occurred_at)
        snapshots.append(snapshot)
        marks.append(frauds is not None and row.transaction_id in frauds)
        if len(times) % _PROGRESS_ROWS == 0:
            on_progress(_PROGRESS_ROWS)
    on_progress(len(times) % _PROGRESS_ROWS)
    if not times:
        raise PaymentFileError(f"{transactions.name} holds no payment.")
    is_fraud = np.array(marks, dtype=bool) if frauds is not None else None
    return Dataset(transactions.name, times, columns_of(snapshots), is_fraud)


def _described(rows: Iterator[PaymentRow]) -> Iterator[tuple[PaymentRow, bytes]]:
    """Each row with its snapshot as it would have been frozen with a live decision."""
    histories: dict[str, AccountHistory] = {}
    profiles: dict[str, AccountProfile] = {}
    opened_at: datetime | None = None
    for row in rows:
        opened_at = opened_at or accounts_opened_at(row)
        history = histories.setdefault(row.customer_id, AccountHistory())
        profile = profiles.get(row.customer_id) or profiles.setdefault(row.customer_id, _profile(row, opened_at))
        request = _request(row)
        yield row, pack(describe(request, profile, history))
        history.add(_past(request, history.seq + 1))


def _profile(row: PaymentRow, opened_at: datetime) -> AccountProfile:
    """The files know nothing of accounts: home is where their clock is."""
    return AccountProfile(
        account_id=row.customer_id,
        currency=_CURRENCY,
        home_country="IN",
        home_zone="UTC",
        status=AccountStatus.ACTIVE,
        risk="normal",
        opened_at=opened_at,
        livemode=False,
        version=1,
        granted_to=frozenset(),
    )


def _request(row: PaymentRow) -> PaymentRequest:
    try:
        amount_minor = parse_amount(row.amount, _CURRENCY)
    except AmountError as error:
        raise PaymentFileError(f"Transaction {row.transaction_id}: {error}") from None
    return PaymentRequest(
        account_id=row.customer_id,
        amount_minor=amount_minor,
        currency=_CURRENCY,
        transaction_type=TransactionType.PURCHASE,
        occurred_at=row.occurred_at,
        channel=row.channel,
        merchant_id=row.merchant_id,
        merchant_category=row.category_code,
        latitude=row.latitude,
        longitude=row.longitude,
    )


def _past(request: PaymentRequest, seq: int) -> PastPayment:
    return PastPayment(
        seq=seq,
        occurred_at_seconds=request.occurred_at.timestamp(),
        amount_minor=request.amount_minor,
        merchant_id=request.merchant_id,
        latitude=request.latitude,
        longitude=request.longitude,
    )
