"""Requests per client and window, counted by django-ratelimit in the shared cache.

Without Redis each process counts for itself: a client may then get a few times its rate, but is never locked out.
"""

import asyncio
import ipaddress
import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django_ratelimit import ALL

# The private two name the key and its window: hot and cold requests of a client must be counted together.
from django_ratelimit.core import EXPIRATION_FUDGE, _get_window, _make_cache_key, get_usage
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from sentinel.api.scopes import client_or_none
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import RateLimited
from sentinel.ops.connections import redis_ask
from sentinel.ops.redis_line import Command

GROUP = "api"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

_logger = logging.getLogger(__name__)
_counted_here: dict[tuple[str, int], int] = defaultdict(int)


@dataclass(slots=True)
class Usage:
    """What a client has used of its window. Source of the headers: draft-ietf-httpapi-ratelimit-headers-10."""

    count: int
    limit: int
    window_seconds: int
    seconds_left: int

    @property
    def is_over(self) -> bool:
        return self.count > self.limit

    def check(self) -> None:
        """Errors: RateLimited."""
        if self.is_over:
            raise RateLimited(
                f"At most {self.limit} requests in {self.window_seconds} s.",
                retry_after_seconds=max(1, self.seconds_left),
            )

    def headers(self) -> dict[str, str]:
        remaining = max(0, self.limit - self.count)
        return {
            "RateLimit-Policy": f'"client";q={self.limit};w={self.window_seconds}',
            "RateLimit": f'"client";r={remaining};t={self.seconds_left}',
        }


class ClientRateThrottle(BaseThrottle):
    """Counts the request before anything else is done with it, so that replays count too."""

    def allow_request(self, request: Request, view: Any) -> bool:
        client = client_or_none(request)
        if client is None:
            return True
        usage = usage_count(request, client)
        request._request.rate_usage = usage  # type: ignore[attr-defined]
        usage.check()
        return True


def usage_count(request: Any, client: ClientIdentity) -> Usage:
    rate = client.rate or settings.API_RATE_DEFAULT
    try:
        usage = get_usage(request, group=GROUP, key=lambda *_: client.client_id.hex, rate=rate, increment=True)
    except (RedisError, OSError) as error:
        return _count_here(client, rate, error)
    return Usage(usage["count"], usage["limit"], _SECONDS[rate[-1]], max(0, usage["time_left"]))


async def usage_count_async(client: ClientIdentity) -> Usage:
    """As `usage_count`, in the same window and under the same key, for the hot routes."""
    rate = client.rate or settings.API_RATE_DEFAULT
    window_seconds = _SECONDS[rate[-1]]
    name = client.client_id.hex
    ends_at_seconds = _get_window(name, window_seconds)
    try:
        count = await _counter_here().add_one((name, rate, ends_at_seconds))
    except (RedisError, OSError) as error:
        return _count_here(client, rate, error)
    return Usage(count, int(rate.partition("/")[0]), window_seconds, max(0, ends_at_seconds - int(time.time())))


# Between two questions, so that under load many requests share one. A lonely request waits for nobody.
PAUSE_SECONDS = 0.002

_Counted = tuple[str, str, int]  # client, rate, end of the window


class _Counter:
    """Adds up what arrives while the answer to an earlier question is awaited, and asks once for all of it."""

    def __init__(self) -> None:
        self._waiting: dict[_Counted, list[asyncio.Future[int]]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = 0.0

    def add_one(self, counted: _Counted) -> asyncio.Future[int]:
        """The count with this request in it, to be awaited. Errors: RedisError."""
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(counted, []).append(answered)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return answered

    async def _ask(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._asked_at + PAUSE_SECONDS - time.monotonic())
            asked, self._waiting = self._waiting, {}
            self._asked_at = time.monotonic()
            try:
                counts = await _increment({counted: len(waiting) for counted, waiting in asked.items()})
            except Exception as error:
                _fail(asked.values(), error)
            else:
                for waiting, count in zip(asked.values(), counts, strict=True):
                    _answer(waiting, count)
        self._asking = None


def _answer(waiting: list[asyncio.Future[int]], count: int) -> None:
    for place, answered in enumerate(waiting, start=count - len(waiting) + 1):
        if not answered.done():  # cancelled when the client hung up
            answered.set_result(place)


def _fail(all_waiting: Iterable[list[asyncio.Future[int]]], error: Exception) -> None:
    for answered in chain.from_iterable(all_waiting):
        if not answered.done():
            answered.set_exception(error)


async def _increment(numbers: dict[_Counted, int]) -> list[int]:
    """The counts after these numbers were added: what django-ratelimit does for one request, in one round trip."""
    commands: list[Command] = []
    for (client, rate, ends_at_seconds), number in numbers.items():
        key = caches["default"].make_key(_make_cache_key(GROUP, ends_at_seconds, rate, client, ALL))
        commands.append(("SET", key, 0, "NX", "EX", _SECONDS[rate[-1]] + EXPIRATION_FUDGE))
        commands.append(("INCRBY", key, number))
    return [int(count) for count in (await redis_ask(commands))[1::2]]


_counters: WeakKeyDictionary[asyncio.AbstractEventLoop, _Counter] = WeakKeyDictionary()


def _counter_here() -> _Counter:
    loop = asyncio.get_running_loop()
    try:
        return _counters[loop]
    except KeyError:
        return _counters.setdefault(loop, _Counter())


def _count_here(client: ClientIdentity, rate: str, error: Exception) -> Usage:
    _logger.warning("rate limit counted in this process only: %s", error)
    limit, window_seconds = int(rate.partition("/")[0]), _SECONDS[rate[-1]]
    now_seconds = int(time.time())
    ends_at_seconds = (now_seconds // window_seconds + 1) * window_seconds
    key = (client.client_id.hex, ends_at_seconds)
    if key not in _counted_here:
        for past in [counted for counted in list(_counted_here) if counted[1] <= now_seconds]:
            _counted_here.pop(past, None)
    _counted_here[key] += 1
    return Usage(_counted_here[key], limit, window_seconds, ends_at_seconds - now_seconds)


# An address can be forged where a proxy is trusted that should not be, and a guess may come from many addresses:
# log-ins are also counted per client. Tokens are signed and cannot be guessed; their limit keeps off floods.
LOGIN_RATE = "20/m"
TOKEN_RATE = "300/m"  # noqa: S105


def logins_count(request: HttpRequest, *, whose: str) -> None:
    """Slow down guessing of client secrets. `whose`: an address or a client id. Errors: RateLimited."""
    _count(request, "login", whose, LOGIN_RATE)


def tokens_count(request: HttpRequest, *, whose: str) -> None:
    """Slow down floods of tokens, renewed or revoked. `whose` is an address. Errors: RateLimited."""
    _count(request, "token", whose, TOKEN_RATE)


def address_of(request: HttpRequest) -> str:
    """Where a request comes from: of IPv6 the /64 network, which is one customer's. Never fails."""
    text = request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_network((text, 64 if ":" in text else 32), strict=False))
    except ValueError:  # a Unix socket, or a proxy's header that is no address
        return "unknown"


def _count(request: HttpRequest, group: str, whose: str, rate: str) -> None:
    try:
        usage = get_usage(request, group=group, key=lambda *_: whose, rate=rate, increment=True)
    except (RedisError, OSError) as error:
        _logger.warning("%s requests are not counted: %s", group, error)
        return
    if usage["should_limit"]:
        raise RateLimited("Too many requests for tokens.", retry_after_seconds=max(1, usage["time_left"]))
