"""Mobile-money payments as training rows, out of a file in PaySim's columns or out of the simulator."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from scoring.domain.dataset import Dataset, Progress
from scoring.domain.history import hash64
from scoring.domain.mobile_money.files import Row, mobile_rows
from scoring.domain.mobile_money.payments import MobilePayment, mobile_columns
from scoring.domain.mobile_money.simulator import STARTER_SEED, payments_simulated
from scoring.domain.payment_files import PaymentFileError
from scoring.training.dataset import MATURITY

SIMULATION_BEGINS = datetime(2024, 1, 1, tzinfo=UTC)
_HOUR_SECONDS = 3600
_PROGRESS_ROWS = 1000


def mobile_dataset_read(path: Path, *, begins: datetime, on_progress: Progress = lambda rows: None) -> Dataset:
    """`begins` is the moment of step 0. Errors: PaymentFileError for a file that cannot be read or has no rows."""
    return mobile_dataset(mobile_rows(path), source=path.name, begins=begins, on_progress=on_progress)


def mobile_dataset_simulated(*, seed: int = STARTER_SEED, on_progress: Progress = lambda rows: None) -> Dataset:
    rows = payments_simulated(seed)
    source = f"simulated mobile money {seed}"
    return mobile_dataset(rows, source=source, begins=SIMULATION_BEGINS, on_progress=on_progress)


def mobile_dataset(
    rows: Iterable[Row],
    *,
    source: str,
    begins: datetime,
    maturity: timedelta = MATURITY,
    on_progress: Progress = lambda rows: None,
) -> Dataset:
    """Whether a payment is fraud is known after the maturity; never, where the rows do not say."""
    payments: list[MobilePayment] = []
    truths: list[bool | None] = []
    for payment, is_fraud in rows:
        payments.append(payment)
        truths.append(is_fraud)
        if len(payments) % _PROGRESS_ROWS == 0:
            on_progress(_PROGRESS_ROWS)
    on_progress(len(payments) % _PROGRESS_ROWS)
    if not payments:
        raise PaymentFileError(f"{source} holds no payment.")
    occurred_at = begins.timestamp() + _HOUR_SECONDS * np.array([float(each.step) for each in payments])
    is_told = np.array([truth is not None for truth in truths])
    return Dataset(
        source=source,
        maturity=maturity,
        occurred_at=occurred_at,
        columns=mobile_columns([each.packed() for each in payments]),
        accounts=np.array([hash64(each.origin) for each in payments], dtype=np.uint64),
        is_fraud=np.array([truth is True for truth in truths]),
        known_at=np.where(is_told, occurred_at + maturity.total_seconds(), np.inf),
    )


@dataclass(frozen=True, slots=True)
class KnownPayments:
    """Stands in for `payments_known` where payments are in a file and not in the record."""

    path: Path
    begins: datetime

    def __call__(
        self,
        *,
        start: datetime,
        end: datetime,
        known_at: datetime,
        is_replay: bool = False,
        on_progress: Progress = lambda rows: None,
    ) -> Dataset:
        rows = mobile_dataset_read(self.path, begins=self.begins, on_progress=on_progress)
        is_within = (rows.occurred_at >= start.timestamp()) & (rows.occurred_at < end.timestamp())
        return rows.rows(np.asarray(is_within)).known_by(known_at.timestamp())
