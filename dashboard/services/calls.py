"""Calls of clients, and all requests by the minute, on their way to the database: in batches, beside the requests.

Nobody waits for it, and a gateway is never refused because of it: when the database is slower than the requests, the
oldest calls are given up and counted (`sentinel_not_kept_total`). Minutes are written whole each time.
"""

import asyncio
import logging
import os
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings

from ledger.domain.decision_times import band_of
from ledger.services.failures import kind_and_place
from ledger.services.recording import reading
from ledger.services.writing import as_json
from sentinel.core.errors import SentinelError
from sentinel.core.ids import uuid7
from sentinel.ops import metrics
from sentinel.ops.machine import host_name
from sentinel.ops.request_ids import call_id
from sentinel.ops.request_meter import FinishedRequest

BATCH_MAX = 1000
WAITING_MAX = 20_000
RETRY_SECONDS = 5.0
MINUTES_EVERY_SECONDS = 10.0
MINUTES_HELD_MAX = 5
API_ROUTES = ("/api/v1/", "/transaction")
_MINUTE = 60

_CALL = "id, client_id, route, method, status, code, latency_ms, request_id"
_ADD_CALLS = (
    f"INSERT INTO dashboard_apicall ({_CALL}) SELECT {_CALL}"  # noqa: S608 - our own words
    " FROM json_populate_recordset(NULL::dashboard_apicall, %s)"
)
_MINUTE_KEY = "minute, process, route, method, status_class"
_PUT_MINUTES = f"""
INSERT INTO dashboard_requestminute ({_MINUTE_KEY}, requests, bands)
SELECT {_MINUTE_KEY}, requests, bands FROM json_populate_recordset(NULL::dashboard_requestminute, %s)
ON CONFLICT ({_MINUTE_KEY}) DO UPDATE SET requests = excluded.requests, bands = excluded.bands
"""  # noqa: S608 - our own words

# Two processes of one number are two, also when one follows the other within a minute.
_PROCESS = f"{host_name()}:{os.getpid()}:{int(time.time()) % 100_000}"
_logger = logging.getLogger(__name__)
_Key = tuple[int, str, str, int]


@dataclass(slots=True)
class _Keeper:
    """One per event loop."""

    waiting: deque[FinishedRequest] = field(default_factory=deque)
    minutes: dict[_Key, Counter[int]] = field(default_factory=dict)
    changed: set[_Key] = field(default_factory=set)
    told_at: float = 0.0
    good_calls: int = 0
    writing: asyncio.Task[None] | None = None

    def take(self, finished: Sequence[FinishedRequest]) -> None:
        for each in finished:
            key = int(each.at_seconds) // _MINUTE * _MINUTE, each.route, each.method, each.status // 100
            self.minutes.setdefault(key, Counter())[band_of(each.milliseconds)] += 1
            self.changed.add(key)
        self.waiting.extend(each for each in finished if self._is_kept(each))
        if (surplus := len(self.waiting) - WAITING_MAX) > 0:
            for _ in range(surplus):
                self.waiting.popleft()
            metrics.NOT_KEPT.labels("calls").inc(surplus)
        self.tell()

    def tell(self) -> None:
        """Send off what is due, unless that is under way."""
        if self.writing is None and (self.waiting or (self.changed and self._are_minutes_due())):
            self.writing = asyncio.create_task(self._write_all())

    def _are_minutes_due(self) -> bool:
        return time.monotonic() - self.told_at >= MINUTES_EVERY_SECONDS

    def _is_kept(self, request: FinishedRequest) -> bool:
        """Each that was refused or failed; of the others as many as the settings want."""
        if not request.route.startswith(API_ROUTES):
            return False
        if request.status >= 400:
            return True
        self.good_calls += 1
        return settings.CALL_SAMPLE > 0 and self.good_calls % settings.CALL_SAMPLE == 0

    async def _write_all(self, *, is_last: bool = False) -> None:
        try:
            while self.waiting:
                await self._write_calls()
            if is_last or self._are_minutes_due():
                await self._write_minutes()
        except SentinelError as error:
            _logger.warning("%s calls wait for the database: %s", len(self.waiting), error)
            await asyncio.sleep(0 if is_last else RETRY_SECONDS)
        except Exception as error:
            _logger.error("calls are lost: %s", kind_and_place(error))
        finally:
            self.writing = None

    async def _write_calls(self) -> None:
        batch = [self.waiting.popleft() for _ in range(min(BATCH_MAX, len(self.waiting)))]
        try:
            async with reading() as connection:
                await connection.ask((_ADD_CALLS, [as_json([_call_row(each) for each in batch])]))
        except SentinelError:
            self.waiting.extendleft(reversed(batch))
            raise

    async def _write_minutes(self) -> None:
        """Those that have changed; those that are over are let go once they are written."""
        self.told_at = time.monotonic()
        changed, self.changed = self.changed, set()
        try:
            async with reading() as connection:
                rows = [_minute_row(key, self.minutes[key]) for key in sorted(changed) if key in self.minutes]
                await connection.ask((_PUT_MINUTES, [as_json(rows)]))
        except SentinelError:
            self.changed |= changed
            raise
        finally:
            self._let_go(oldest=int(time.time()) // _MINUTE * _MINUTE)

    def _let_go(self, oldest: int) -> None:
        for key in [key for key in self.minutes if key[0] < oldest]:
            if key not in self.changed or key[0] < oldest - MINUTES_HELD_MAX * _MINUTE:
                del self.minutes[key]


def _call_row(request: FinishedRequest) -> dict[str, Any]:
    own = call_id(request.request_id)
    return {
        "id": own or uuid7(int(request.at_seconds * 1e9)),
        "client_id": request.client_id,
        "route": request.route[:120],
        "method": request.method,
        "status": request.status,
        "code": request.code[:60],
        "latency_ms": round(request.milliseconds, 2),
        "request_id": "" if own else request.request_id,
    }


def _minute_row(key: _Key, bands: Counter[int]) -> dict[str, Any]:
    minute, route, method, status_class = key
    return {
        "minute": datetime.fromtimestamp(minute, UTC),
        "process": _PROCESS,
        "route": route[:120],
        "method": method,
        "status_class": status_class,
        "requests": bands.total(),
        "bands": {str(band): count for band, count in bands.items()},
    }


_keepers: WeakKeyDictionary[asyncio.AbstractEventLoop, _Keeper] = WeakKeyDictionary()


def calls_take(finished: Sequence[FinishedRequest]) -> None:
    """Take over what was answered. Outside an event loop nothing is kept: no web process answers there."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return
    if loop not in _keepers:
        _keepers[loop] = _Keeper()
    _keepers[loop].take(finished)


def calls_tell() -> None:
    """Each second: of minutes that are over nobody else would tell when no request comes."""
    if (keeper := _keepers.get(asyncio.get_running_loop())) is not None:
        keeper.tell()


async def calls_finish(timeout_seconds: float = 4.0) -> None:
    """Wait until what was taken over is stored. Before a process ends, and for tests."""
    keeper = _keepers.get(asyncio.get_running_loop())
    if keeper is None:
        return
    if keeper.writing is not None:
        await asyncio.wait([keeper.writing], timeout=timeout_seconds)
    keeper.writing = asyncio.create_task(keeper._write_all(is_last=True))
    await asyncio.wait([keeper.writing], timeout=timeout_seconds)
