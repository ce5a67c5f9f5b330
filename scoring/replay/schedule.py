"""What a replay does and when, by the replayed clock: payments, and between them labels and retrainings.

Labels that become known within one hour of the replayed clock are one batch, sent before the first payment that one
of them is old enough for. Each counts from its own moment, which payments compare with theirs: those between two
labels of a batch know of the first only. So batches cost no exactness, and payments wait once an hour, not for each.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scoring.domain.payment_files import PaymentRow

BATCH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DueLabel:
    """A payment of the file is known as fraud from this moment on."""

    transaction_id: str
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Release:
    """All payments before it must be answered, and none after it sent, while these labels are sent."""

    labels: tuple[DueLabel, ...]


@dataclass(frozen=True, slots=True)
class Retraining:
    """A model is trained as of `moment`, when all that came before is answered. `before` is the next payment."""

    moment: datetime
    before: PaymentRow


Pause = Release | Retraining
Step = PaymentRow | Pause


def replay_steps(
    rows: Iterable[PaymentRow], labels: Iterable[DueLabel], retrain_every: timedelta | None = None
) -> Iterator[Step]:
    """The rows in their order, with labels before payments that may know them. Retrainings count from the midnight
    (UTC) before the first row; of those between two payments only the last is held.
    """
    waiting = deque(sorted(labels, key=lambda label: (label.known_at, label.transaction_id)))
    due = None
    for row in rows:
        if retrain_every:
            due = due or _midnight(row.occurred_at) + retrain_every
            if row.occurred_at >= due:
                moment = due + (row.occurred_at - due) // retrain_every * retrain_every
                yield from _release(waiting, moment)
                yield Retraining(moment, row)
                due = moment + retrain_every
        yield from _release(waiting, row.occurred_at)
        yield row


def _release(waiting: deque[DueLabel], moment: datetime) -> Iterator[Release]:
    """The batch of the moment, with all before it, once the first label is due."""
    if not waiting or waiting[0].known_at > moment:
        return
    end = _midnight(moment) + ((moment - _midnight(moment)) // BATCH + 1) * BATCH
    batch = []
    while waiting and waiting[0].known_at < end:
        batch.append(waiting.popleft())
    yield Release(tuple(batch))


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
