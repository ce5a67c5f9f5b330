"""Predictions on their way to the database: appended in batches, beside the requests that made them.

The queue is bounded. When the database is slower than the requests, those are refused until it has caught up, so no
prediction that was answered is dropped; a process that is killed may lose its last moments' ones.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from ledger.domain.decisions import Verdict
from ledger.domain.payments import PaymentRequest
from ledger.services.recording import reading
from ledger.services.writing import as_json
from scoring.domain.mobile_money.payments import MobilePayment
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import SentinelError, Unavailable
from sentinel.core.ids import uuid7
from sentinel.core.values import value

BATCH_MAX = 1000
WAITING_MAX = 20_000
RETRY_SECONDS = 1.0

_COLUMNS = (
    "id",
    "client_id",
    "livemode",
    "account_id",
    "reference",
    "amount_minor",
    "currency",
    "outcome",
    "fraud_probability",
    "score_percentile",
    "ruleset_version",
    "policy_version",
    "model_version",
    "recorded_at",
)
_APPEND = (
    f"INSERT INTO scoring_prediction ({', '.join(_COLUMNS)}) SELECT {', '.join(_COLUMNS)}"  # noqa: S608
    " FROM json_populate_recordset(NULL::scoring_prediction, %s)"
)

_logger = logging.getLogger(__name__)


@value
class Prediction:
    id: UUID
    request: PaymentRequest | MobilePayment
    verdict: Verdict
    client: ClientIdentity
    recorded_at: datetime

    @classmethod
    def of(
        cls, request: PaymentRequest | MobilePayment, verdict: Verdict, client: ClientIdentity, now: datetime
    ) -> "Prediction":
        return cls(uuid7(), request, verdict, client, now)

    def row(self) -> tuple[Any, ...]:
        request, verdict = self.request, self.verdict
        return (
            self.id,
            self.client.client_id,
            self.client.livemode,
            request.account_id,
            request.reference,
            request.amount_minor,
            request.currency,
            verdict.outcome.value,
            verdict.fraud_probability,
            verdict.score_percentile,
            verdict.ruleset_version,
            verdict.policy_version,
            verdict.model_version,
            self.recorded_at,
        )


@dataclass(slots=True)
class _Appender:
    """One per event loop."""

    waiting: deque[Prediction] = field(default_factory=deque)
    writing: asyncio.Task[None] | None = None

    def append(self, predictions: Sequence[Prediction]) -> None:
        if len(self.waiting) + len(predictions) > WAITING_MAX:
            raise Unavailable("Predictions are stored more slowly than they are made.", retry_after_seconds=1)
        self.waiting.extend(predictions)
        if self.writing is None and self.waiting:
            self.writing = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        while self.waiting:
            batch = [self.waiting.popleft() for _ in range(min(BATCH_MAX, len(self.waiting)))]
            try:
                await _write(batch)
            except SentinelError as error:
                _logger.warning("%s predictions wait for the database: %s", len(batch), error)
                self.waiting.extendleft(reversed(batch))
                await asyncio.sleep(RETRY_SECONDS)
        self.writing = None


async def _write(batch: Sequence[Prediction]) -> None:
    rows = [dict(zip(_COLUMNS, prediction.row(), strict=True)) for prediction in batch]
    async with reading() as connection:
        await connection.ask((_APPEND, [as_json(rows)]))


_appenders: WeakKeyDictionary[asyncio.AbstractEventLoop, _Appender] = WeakKeyDictionary()


def predictions_append(predictions: Sequence[Prediction]) -> None:
    """Take predictions over. Errors: Unavailable when too many wait."""
    _appenders.setdefault(asyncio.get_running_loop(), _Appender()).append(predictions)


async def predictions_finish(timeout_seconds: float = 4.0) -> None:
    """Wait until what was taken over is stored. Before a process ends, and for tests."""
    appender = _appenders.get(asyncio.get_running_loop())
    if appender is not None and appender.writing is not None:
        await asyncio.wait([appender.writing], timeout=timeout_seconds)
