"""Requests per client and window, counted by django-ratelimit in the shared cache.

Without Redis each process counts for itself: a client may then get a few times its rate, but is never locked out.
"""

import ipaddress
import logging
import time
from collections import defaultdict
from typing import Any

from django.conf import settings
from django.http import HttpRequest

# The private one names the window: hot and cold requests of a client must be counted together.
from django_ratelimit.core import _get_window, get_usage
from redis import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from sentinel.api.rate_counter import GROUP, CountedWindow, rate_counter
from sentinel.api.scopes import client_or_none
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import RateLimited
from sentinel.core.values import value

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

_logger = logging.getLogger(__name__)
_counted_here: dict[tuple[str, int], int] = defaultdict(int)


@value
class Usage:
    """What a client has used of its window. Source of the headers: draft-ietf-httpapi-ratelimit-headers-10.

    `policy` names what is counted: requests of a client, or requests for tokens.
    """

    count: int
    limit: int
    window_seconds: int
    seconds_left: int
    policy: str = "client"

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.count)

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
        return {
            "RateLimit-Policy": f'"{self.policy}";q={self.limit};w={self.window_seconds}',
            "RateLimit": f'"{self.policy}";r={self.remaining};t={self.seconds_left}',
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
    window_seconds, limit, name = _SECONDS[rate[-1]], int(rate.partition("/")[0]), client.client_id.hex
    ends_at_seconds = _get_window(name, window_seconds)
    try:
        count = rate_counter().add_one(CountedWindow(name, rate, limit, window_seconds, ends_at_seconds))
        if not isinstance(count, int):
            count = await count
    except (RedisError, OSError) as error:
        return _count_here(client, rate, error)
    return Usage(count, limit, window_seconds, max(0, ends_at_seconds - int(time.time())))


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
        counted = get_usage(request, group=group, key=lambda *_: whose, rate=rate, increment=True)
    except (RedisError, OSError) as error:
        _logger.warning("%s requests are not counted: %s", group, error)
        return
    usage = Usage(counted["count"], counted["limit"], _SECONDS[rate[-1]], max(0, counted["time_left"]), group)
    _tell_the_nearer(request, usage)
    if usage.is_over:
        raise RateLimited("Too many requests for tokens.", retry_after_seconds=max(1, usage.seconds_left))


def _tell_the_nearer(request: Any, usage: Usage) -> None:
    """Log-ins are counted twice; the answer's headers tell which of the two ends first."""
    before: Usage | None = getattr(request, "rate_usage", None)
    if before is None or usage.remaining <= before.remaining:
        request.rate_usage = usage
