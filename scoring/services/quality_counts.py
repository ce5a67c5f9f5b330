"""Requests counted by web processes, and added to the database every few seconds, beside the requests.

A process that is killed, or cannot reach the database, loses its last seconds' counts: no payment waits for them.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from ledger.domain.payments import PaymentRequest
from ledger.services.recording import reading
from ledger.services.writing import as_json
from scoring.domain.quality import faults_kept, field_counted, missing_of, presence
from scoring.models import QualityCount
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import SentinelError
from sentinel.core.ids import uuid7

TELL_EVERY_SECONDS = 10.0
# Beyond it the counts are told at once: what clients leave out comes in many combinations.
KEYS_MAX = 5_000
REFUSED_MAX = 200  # kept by one process between two tellings; all are counted
FAULTS_MAX = 30  # kept of one request
_FINISH_SECONDS = 4.0
_COLUMNS = "client_id, day, kind, field, code, requests"
# In one order everywhere, so that processes do not wait for each other in a circle.
_ADD = f"""
INSERT INTO scoring_qualitycount AS known ({_COLUMNS})
SELECT {_COLUMNS} FROM json_populate_recordset(NULL::scoring_qualitycount, %s)
ORDER BY client_id, day, kind, field, code
ON CONFLICT (client_id, day, kind, field, code) DO UPDATE SET requests = known.requests + excluded.requests
"""  # noqa: S608 - our own words
_KEEP = """
INSERT INTO scoring_refusedrequest
SELECT * FROM json_populate_recordset(NULL::scoring_refusedrequest, %s)
"""
# What the client can mend. Its rate, or a key that is just being worked on, says nothing of its data.
_NOT_OF_DATA = frozenset({401, 409, 429})

Kind = QualityCount.Kind
Counted = tuple[UUID, Kind, str, str]  # client, kind, field, code

_logger = logging.getLogger(__name__)


class _Counts:
    """Of one event loop. What is received is only spelled out when it is told."""

    def __init__(self) -> None:
        self.received: dict[tuple[Any, ...], int] = {}
        self.others: Counter[Counted] = Counter()
        self.refused: deque[dict[str, Any]] = deque(maxlen=REFUSED_MAX)
        self._is_due = False
        self._telling: asyncio.Task[None] | None = None

    def receive(self, client_id: UUID, request: PaymentRequest) -> None:
        key = (client_id, *presence(request))
        received = self.received
        received[key] = received.get(key, 0) + 1
        if not self._is_due:
            self.tell_soon()
        elif len(received) > KEYS_MAX:
            self.tell()

    def count(self, *counted: Counted) -> None:
        self.others.update(counted)
        self.tell_soon()

    def tell_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(TELL_EVERY_SECONDS, self.tell)

    def tell(self) -> asyncio.Task[None] | None:
        """Sends off what was counted; None when there is nothing."""
        self._is_due = False
        if self.received or self.others:
            counted = Counter(self.others)
            for key, requests in _spelled_out(self.received):
                counted[key] += requests
            self._telling = asyncio.create_task(_add(counted, list(self.refused), datetime.now(UTC).date()))
            self.received, self.others = {}, Counter()
            self.refused.clear()
        return self._telling


def _spelled_out(received: dict[tuple[Any, ...], int]) -> Iterator[tuple[Counted, int]]:
    for (client_id, *key), requests in received.items():
        yield (client_id, Kind.RECEIVED, str(key[0]), ""), requests
        for name in missing_of(key):
            yield (client_id, Kind.MISSING, name, ""), requests


async def _add(counted: Counter[Counted], refused: list[dict[str, Any]], day: date) -> None:
    rows = [
        {"client_id": client_id, "day": day, "kind": str(kind), "field": field, "code": code, "requests": requests}
        for (client_id, kind, field, code), requests in counted.items()
    ]
    try:
        async with reading() as connection:
            await connection.ask((_ADD, [as_json(rows)]))
            if refused:
                await connection.ask((_KEEP, [as_json(refused)]))
    except SentinelError as error:
        _logger.warning("counts of %s kinds of requests are lost: %s", len(rows), error)


_counts: WeakKeyDictionary[asyncio.AbstractEventLoop, _Counts] = WeakKeyDictionary()


def _counts_here() -> _Counts:
    loop = asyncio.get_running_loop()
    counts = _counts.get(loop)
    if counts is None:
        counts = _counts[loop] = _Counts()
    return counts


def received_count(client: ClientIdentity, request: PaymentRequest, *, replayed: bool) -> None:
    """Counts a request that was read without a fault, and answered."""
    counts = _counts_here()
    counts.receive(client.client_id, request)
    if replayed:
        counts.count((client.client_id, Kind.REPLAYED, "", ""))


def refused_count(client: ClientIdentity, route: str, error: SentinelError | None, content: Any) -> None:
    """Counts a request that was refused, and keeps of it what is harmless. `content` is what was sent, if known."""
    if error is None or error.http_status >= 500 or error.http_status in _NOT_OF_DATA:
        return
    counts = _counts_here()
    counts.count(
        (client.client_id, Kind.TURNED_AWAY, "", error.code),
        *{(client.client_id, Kind.REFUSED, field_counted(each.field), each.code) for each in error.errors},
    )
    counts.refused.append(
        {
            "id": uuid7(),
            "client_id": client.client_id,
            "refused_at": datetime.now(UTC),
            "route": route,
            "status_code": error.http_status,
            "code": error.code,
            "faults": faults_kept(error.errors[:FAULTS_MAX], content),
        }
    )


async def quality_counts_finish() -> None:
    """Waits until what was counted is stored. Before a process ends, and for tests."""
    counts = _counts.get(asyncio.get_running_loop())
    if counts is not None and (telling := counts.tell()) is not None:
        await asyncio.wait([telling], timeout=_FINISH_SECONDS)
