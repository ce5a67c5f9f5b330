"""Requests as they are finished. While answering, a process only notes them; what is made of them comes afterwards.

Once a second, or when many have gathered, all that is noted is handed to the listeners: counters, the log, the calls
that are kept. So an answer pays for a tuple, and a second of answers shares the rest.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter, time
from typing import NamedTuple
from uuid import UUID

from prometheus_client import Histogram

from sentinel.ops import metrics

FOLD_SECONDS = 1.0
FOLD_AT = 250  # some milliseconds of work: no answer waits longer for it
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_logger = logging.getLogger(__name__)


class FinishedRequest(NamedTuple):
    """`route` is a template, never a path. `client_id` only where a client is known, `code` of a refusal."""

    at_seconds: float
    route: str
    method: str
    status: int
    milliseconds: float
    request_id: str
    client_id: UUID | None = None
    code: str = ""


Listener = Callable[[Sequence[FinishedRequest]], None]


class RequestMeter:
    """One per process. `in_flight` is counted by whoever answers."""

    def __init__(self) -> None:
        self.in_flight = 0
        self._finished: list[FinishedRequest] = []
        self._listeners: list[Listener] = []
        self._each_second: list[Callable[[], None]] = []

    def listen(self, listener: Listener) -> None:
        if listener not in self._listeners:
            self._listeners.append(listener)

    def each_second(self, work: Callable[[], None]) -> None:
        if work not in self._each_second:
            self._each_second.append(work)

    def finish(
        self,
        begun: float,
        route: str,
        method: str,
        status: int,
        request_id: str,
        client_id: UUID | None = None,
        code: str = "",
    ) -> None:
        """Note a request that `begun` at that moment of perf_counter and is answered now."""
        milliseconds = (perf_counter() - begun) * 1000
        self._finished.append(
            FinishedRequest(time(), route, method, status, milliseconds, request_id, client_id, code)
        )
        if len(self._finished) >= FOLD_AT:
            self.fold()

    def fold(self) -> None:
        """Hand on what was noted. A listener that fails takes nothing from the others."""
        finished, self._finished = self._finished, []
        for listener in self._listeners if finished else ():
            try:
                listener(finished)
            except Exception:
                _logger.exception("%s requests are not told to %s", len(finished), listener)

    def second(self) -> None:
        metrics.IN_FLIGHT.set(self.in_flight)
        self.fold()
        for work in self._each_second:
            with suppress(Exception):  # figures: the next second has others
                work()


meter = RequestMeter()


def count_requests(finished: Sequence[FinishedRequest]) -> None:
    """Into the counters of Prometheus."""
    answered = Counter((each.route, each.method, each.status) for each in finished)
    for (route, method, status), count in answered.items():
        metrics.REQUESTS.labels(route, method, f"{status // 100}xx").inc(count)
    for each in finished:
        _seconds_of(each.route, each.method).observe(each.milliseconds / 1000)


_children: dict[tuple[str, str], Histogram] = {}


def _seconds_of(route: str, method: str) -> Histogram:
    """Kept here, since looking one up costs as much as counting with it. Routes are bounded."""
    child = _children.get((route, method))
    if child is None:
        child = _children[route, method] = metrics.REQUEST_SECONDS.labels(route, method)
    return child


async def metering() -> None:
    """Each second, until it is cancelled."""
    while True:
        await asyncio.sleep(FOLD_SECONDS)
        meter.second()
