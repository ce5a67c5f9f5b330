"""Counts the requests of the hot routes, in the windows and under the keys of django-ratelimit.

One question to Redis counts many requests. A client that is far below its limit does not wait for the answer: what
Redis last said and what was counted here since is near enough. Close to the limit every request waits for its count.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from django.core.cache import caches
from django_ratelimit import ALL

# The private one names the key: hot and cold requests of a client must be counted together.
from django_ratelimit.core import EXPIRATION_FUDGE, _make_cache_key

from sentinel.ops.connections import redis_ask
from sentinel.ops.redis_line import Command

GROUP = "api"
# Between two questions. A lonely request waits for nobody.
PAUSE_SECONDS = 0.005
# Of the limit: up to where nobody waits, and how much of it a process may count before Redis has confirmed it.
_FAR_BELOW, _UNCONFIRMED = 0.5, 0.05
_WINDOWS_MAX = 1000


class CountedWindow(NamedTuple):
    """What is counted: the requests of a client until a moment. `rate` as the client has it, such as "200/s"."""

    client: str
    rate: str
    limit: int
    seconds: int
    ends_at_seconds: int


class RateCounter:
    """One per event loop."""

    def __init__(self) -> None:
        self._known: dict[CountedWindow, int] = {}  # by Redis, and here since
        self._unasked: Counter[CountedWindow] = Counter()
        self._asked: Counter[CountedWindow] = Counter()
        self._waiting: dict[CountedWindow, list[asyncio.Future[int]]] = defaultdict(list)
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = 0.0

    def add_one(self, window: CountedWindow) -> int | Awaitable[int]:
        """The count with this request in it, at once or to be awaited. Errors of awaiting: RedisError."""
        self._unasked[window] += 1
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        if window in self._known:
            self._known[window] += 1
            unconfirmed = self._unasked[window] + self._asked[window]
            if self._known[window] <= window.limit * _FAR_BELOW and unconfirmed <= window.limit * _UNCONFIRMED:
                return self._known[window]
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[window].append(answered)
        return answered

    async def _ask(self) -> None:
        while self._unasked:
            await asyncio.sleep(self._asked_at + PAUSE_SECONDS - time.monotonic())
            self._asked, self._unasked = self._unasked, Counter()
            waiting, self._waiting = self._waiting, defaultdict(list)
            self._asked_at = time.monotonic()
            try:
                counts = await _increment(self._asked)
            except Exception as error:
                self._known.clear()
                _fail(waiting, error)
            else:
                for window, count in zip(self._asked, counts, strict=True):
                    self._known[window] = count + self._unasked[window]
                    _answer(waiting[window], count)
            self._asked = Counter()
            self._forget_ended()
        self._asking = None

    def _forget_ended(self) -> None:
        if len(self._known) > _WINDOWS_MAX:
            now = time.time()
            self._known = {window: count for window, count in self._known.items() if window.ends_at_seconds > now}


def _answer(waiting: list[asyncio.Future[int]], count: int) -> None:
    for place, answered in enumerate(waiting, start=count - len(waiting) + 1):
        if not answered.done():  # cancelled when the client hung up
            answered.set_result(place)


def _fail(waiting: dict[CountedWindow, list[asyncio.Future[int]]], error: Exception) -> None:
    for answered in [each for those_of_one in waiting.values() for each in those_of_one]:
        if not answered.done():
            answered.set_exception(error)


async def _increment(numbers: dict[CountedWindow, int]) -> list[int]:
    """The counts after these numbers were added: what django-ratelimit does for one request, in one round trip."""
    commands: list[Command] = []
    for window, number in numbers.items():
        key = _make_cache_key(GROUP, window.ends_at_seconds, window.rate, window.client, ALL)
        key = caches["default"].make_key(key)
        commands.append(("SET", key, 0, "NX", "EX", window.seconds + EXPIRATION_FUDGE))
        commands.append(("INCRBY", key, number))
    return [int(count) for count in (await redis_ask(commands))[1::2]]


_counters: WeakKeyDictionary[asyncio.AbstractEventLoop, RateCounter] = WeakKeyDictionary()


def rate_counter() -> RateCounter:
    """The counter of this event loop."""
    loop = asyncio.get_running_loop()
    try:
        return _counters[loop]
    except KeyError:
        return _counters.setdefault(loop, RateCounter())
