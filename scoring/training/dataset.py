"""A transactions file as training rows: the same histories, entities and features as live decisions, folded in time
order; a label counts in features only once it was known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path

import numpy as np

from ledger.domain.payments import AccountProfile, AccountStatus, PaymentRequest, TransactionType
from scoring.domain.dataset import Dataset, Progress
from scoring.domain.entities import KINDS, EntityKind, EntityState, entity_names, label_record, payment_records
from scoring.domain.features import describe
from scoring.domain.habits import is_ordinary
from scoring.domain.history import AccountHistory, PastPayment, hash64
from scoring.domain.payment_files import PaymentFileError, PaymentRow, accounts_opened_at, fraud_labels, payment_rows
from sentinel.core.catalogue import PACKED_FIELDS, pack
from sentinel.core.money import AmountError, parse_amount

_PROGRESS_ROWS = 1000

# The files name no currency. Every model input is relative to amounts of its own currency, so any one serves.
_CURRENCY = "INR"
# How old a payment without a label is when it counts as legitimate.
MATURITY = timedelta(days=7)


def dataset_read(
    transactions: Path,
    labels: Path | None = None,
    *,
    maturity: timedelta = MATURITY,
    limit: int | None = None,
    on_progress: Progress = lambda rows: None,
) -> Dataset:
    """Errors: PaymentFileError for a file that cannot be read, or one without rows."""
    frauds = fraud_labels(labels) if labels else None
    rows: list[tuple[float, int, bool, float]] = []
    snapshots = bytearray()
    fold = _Fold(maturity, frauds or {})
    for row in islice(payment_rows(transactions), limit):
        snapshots += fold.next(row)
        at = row.occurred_at.timestamp()
        is_fraud = frauds is not None and row.transaction_id in frauds
        known_at = np.inf if frauds is None else fold.known_at(row) if is_fraud else at + maturity.total_seconds()
        rows.append((at, hash64(row.customer_id), is_fraud, known_at))
        if len(rows) % _PROGRESS_ROWS == 0:
            on_progress(_PROGRESS_ROWS)
    on_progress(len(rows) % _PROGRESS_ROWS)
    if not rows:
        raise PaymentFileError(f"{transactions.name} holds no payment.")
    occurred_at, accounts, is_fraud_of, known = zip(*rows, strict=True)
    return Dataset(
        source=transactions.name,
        maturity=maturity,
        occurred_at=np.array(occurred_at),
        columns=np.frombuffer(snapshots, dtype="<f8").reshape(len(rows), len(PACKED_FIELDS)),
        accounts=np.array(accounts, dtype=np.uint64),
        is_fraud=np.array(is_fraud_of, dtype=np.bool_),
        known_at=np.array(known),
    )


@dataclass(slots=True)
class _Fold:
    """What was known before each row, as the bank would have known it."""

    maturity: timedelta
    frauds: Mapping[str, datetime | None]
    opened_at: datetime | None = None
    profiles: dict[str, AccountProfile] = field(default_factory=dict)
    histories: dict[str, AccountHistory] = field(default_factory=dict)
    entities: dict[tuple[EntityKind, str], EntityState] = field(default_factory=dict)
    # Labels by when they are known: that moment, the transaction, the request, its snapshot.
    unheard: list[tuple[float, str, PaymentRequest, bytes]] = field(default_factory=list)

    def next(self, row: PaymentRow) -> bytes:
        """The row's snapshot as it would have been frozen with a live decision."""
        self.opened_at = self.opened_at or accounts_opened_at(row)
        request = _request(row)
        self._hear(row.occurred_at.timestamp())
        history = self.histories.setdefault(row.customer_id, AccountHistory())
        profile = self.profiles.get(row.customer_id) or self.profiles.setdefault(
            row.customer_id, _profile(row, self.opened_at)
        )
        known = [None if name is None else self._entity(kind, name) for kind, name in _named(request)]
        snapshot = pack(describe(request, profile, history, known))
        history.add(PastPayment.of(request, history.seq + 1))
        for state, record in zip(known, payment_records(request), strict=False):
            if state is not None:
                state.add(record)
        if row.transaction_id in self.frauds:
            heappush(self.unheard, (self.known_at(row), row.transaction_id, request, snapshot))
        return snapshot

    def known_at(self, row: PaymentRow) -> float:
        """Of a row that is fraud."""
        told_at = self.frauds[row.transaction_id]
        return (told_at or row.occurred_at + self.maturity).timestamp()

    def _hear(self, moment: float) -> None:
        while self.unheard and self.unheard[0][0] <= moment:
            known_at, transaction_id, request, snapshot = heappop(self.unheard)
            record = label_record(
                transaction_id,
                known_at_seconds=known_at,
                made_at_seconds=request.occurred_at.timestamp(),
                is_fraud=True,
                is_ordinary=is_ordinary(snapshot),
            )
            for kind, name in _named(request):
                if name is not None:
                    self._entity(kind, name).add(record)

    def _entity(self, kind: EntityKind, name: str) -> EntityState:
        return self.entities.get((kind, name)) or self.entities.setdefault((kind, name), EntityState())


def _named(request: PaymentRequest) -> Iterator[tuple[EntityKind, str | None]]:
    return zip(KINDS, entity_names(request), strict=True)


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


def moment_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat()
