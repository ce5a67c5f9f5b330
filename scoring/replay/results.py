"""How one row of a replayed file ended."""

from dataclasses import dataclass
from datetime import datetime

LOST = "lost"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was answered. `score` is the fraud probability when there is one, else the percentile."""

    id: str
    score: float | None
    model: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """`ending` is the outcome, "refused: <code>" or "lost"; `latency_ms` of the last attempt."""

    place: int  # of the row in the file
    transaction_id: str
    customer_id: str
    occurred_at: datetime
    ending: str
    latency_ms: float
    receipt: Receipt | None = None  # of an answered payment
    replayed: bool = False

    @property
    def score(self) -> float | None:
        return self.receipt.score if self.receipt else None
