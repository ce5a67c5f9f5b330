"""How long decisions took, counted by web processes and added to the database every few seconds, beside requests.

A process that is killed, or cannot reach the database, loses its last seconds' counts: no payment waits for them.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from ledger.domain.decision_times import band_of
from ledger.services.recording import reading
from ledger.services.writing import as_json
from sentinel.core.errors import SentinelError

TELL_EVERY_SECONDS = 10.0
_COLUMNS = "livemode, hour, band, payments"
# In one order everywhere, so that processes do not wait for each other in a circle.
_ADD = f"""
INSERT INTO ledger_decisiontime AS known ({_COLUMNS})
SELECT {_COLUMNS} FROM json_populate_recordset(NULL::ledger_decisiontime, %s) ORDER BY livemode, hour, band
ON CONFLICT (livemode, hour, band) DO UPDATE SET payments = known.payments + excluded.payments
"""  # noqa: S608 - our own words
_FINISH_SECONDS = 4.0

# Payments by livemode and tenths of a millisecond: bands are only made of them when they are sent.
Counts = Mapping[tuple[bool, int], int]

_logger = logging.getLogger(__name__)


class _Times:
    """Of one event loop."""

    def __init__(self) -> None:
        self.counts: dict[tuple[bool, int], int] = {}
        self._telling: asyncio.Task[None] | None = None

    def add(self, milliseconds: float, *, livemode: bool) -> None:
        if not self.counts:
            asyncio.get_running_loop().call_later(TELL_EVERY_SECONDS, self.tell)
        key = livemode, int(milliseconds * 10)
        self.counts[key] = self.counts.get(key, 0) + 1

    def tell(self) -> asyncio.Task[None] | None:
        """Sends off what was counted; None when there is nothing."""
        if self.counts:
            counts, self.counts = self.counts, {}
            self._telling = asyncio.create_task(_add(counts, datetime.now(UTC)))
        return self._telling


async def _add(counts: Counts, now: datetime) -> None:
    try:
        async with reading() as connection:
            await connection.ask((_ADD, [as_json(_rows(counts, now))]))
    except SentinelError as error:
        _logger.warning("times of %s decisions are lost: %s", sum(counts.values()), error)


def _rows(counts: Counts, now: datetime) -> list[dict[str, Any]]:
    hour = now.replace(minute=0, second=0, microsecond=0).isoformat()
    by_band: dict[tuple[bool, int], int] = defaultdict(int)
    for (livemode, tenths), payments in counts.items():
        by_band[livemode, band_of(tenths / 10)] += payments
    return [
        {"livemode": livemode, "hour": hour, "band": band, "payments": payments}
        for (livemode, band), payments in by_band.items()
    ]


_times: WeakKeyDictionary[asyncio.AbstractEventLoop, _Times] = WeakKeyDictionary()


def decision_time_count(milliseconds: float, *, livemode: bool) -> None:
    """Counts one payment that was decided now."""
    loop = asyncio.get_running_loop()
    times = _times.get(loop)
    if times is None:
        times = _times[loop] = _Times()
    times.add(milliseconds, livemode=livemode)


async def decision_times_finish() -> None:
    """Waits until what was counted is stored. Before a process ends, and for tests."""
    times = _times.get(asyncio.get_running_loop())
    if times is not None and (telling := times.tell()) is not None:
        await asyncio.wait([telling], timeout=_FINISH_SECONDS)
