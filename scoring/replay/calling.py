"""One request of a replay. An answer that says "not now" (409 with Retry-After, 429, 502 to 504) or none at all means
unknown: the same key is sent again.
"""

import asyncio
import time
from itertools import count
from typing import Any

import httpx

ATTEMPTS_MAX = 10
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.1, 5.0
TIMEOUT_SECONDS = 10.0
_NOT_NOW = frozenset({429, 502, 503, 504})


class ReplayStopped(Exception):
    """The service refuses what no retry can change (credentials, scopes, accounts); the message says what."""


def open_client(base_url: str, api_key: str, lanes: int) -> httpx.AsyncClient:
    """Proxies of the environment are not used: the service is usually on this machine."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"X-API-Key": api_key},
        timeout=TIMEOUT_SECONDS,
        limits=httpx.Limits(max_connections=lanes, max_keepalive_connections=lanes),
        trust_env=False,
    )


async def ask(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any], key: str | None = None
) -> tuple[httpx.Response | None, float]:
    """The last answer (None: never one) and the milliseconds of its attempt. Tries ATTEMPTS_MAX times."""
    headers = {"Idempotency-Key": key} if key else {}
    for attempt in count(1):
        started = time.perf_counter()
        try:
            response = await client.request(method, path, json=body, headers=headers)
        except httpx.TransportError:
            response = None
        latency_ms = (time.perf_counter() - started) * 1000
        if (response is not None and not _is_not_now(response)) or attempt == ATTEMPTS_MAX:
            return response, latency_ms
        await asyncio.sleep(_pause_seconds(response, attempt))
    raise AssertionError


def is_unknown(response: httpx.Response | None) -> bool:
    """Nobody knows whether it was done: ask again later."""
    return response is None or _is_not_now(response) or response.status_code >= 500


def code_of(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return str(response.status_code)


def complaint(response: httpx.Response | None) -> str:
    return "no answer" if response is None else f"{response.status_code} {response.text[:500]}"


def _is_not_now(response: httpx.Response) -> bool:
    """A conflict that names no time will not pass."""
    is_under_way = response.status_code == 409 and "Retry-After" in response.headers
    return is_under_way or response.status_code in _NOT_NOW


def _pause_seconds(response: httpx.Response | None, attempt: int) -> float:
    """What Retry-After asks for, else twice as long each time."""
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    seconds = float(asked) if asked.isdigit() else PAUSE_SECONDS * 2 ** (attempt - 1)
    return min(seconds, PAUSE_SECONDS_MAX)
