"""Sends payments in lanes: an account always uses the same lane, and a lane sends one payment at a time.

So each account's payments arrive in the order of the file, while accounts do not wait for each other. An answer that
says "not now" (409, 429, 503) or none at all means unknown: the same key is sent again.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any
from zlib import crc32

import httpx

from scoring.domain.payment_files import PaymentRow
from scoring.replay.report import LOST, Result
from scoring.replay.translation import Translation

ATTEMPTS_MAX = 10
PAUSE_SECONDS, PAUSE_SECONDS_MAX = 0.1, 5.0
TIMEOUT_SECONDS = 10.0
LANE_ROWS_MAX = 64  # rows read ahead for each lane
_NOT_NOW = frozenset({409, 429, 502, 503, 504})

Item = tuple[int, PaymentRow]
Lane = asyncio.Queue[Item | None]


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


async def replay_send(
    client: httpx.AsyncClient,
    rows: Iterable[PaymentRow],
    translation: Translation,
    *,
    lanes: int,
    on_result: Callable[[Result], None],
) -> None:
    """Sends all rows; `on_result` gets one Result for each. Errors: ReplayStopped; PaymentFileError from `rows`."""
    queues: list[Lane] = [asyncio.Queue(LANE_ROWS_MAX) for _ in range(lanes)]
    reasons: list[ReplayStopped] = []
    try:
        async with asyncio.TaskGroup() as group:
            for queue in queues:
                group.create_task(_drive(client, queue, translation, on_result))
            for place, row in enumerate(rows):
                await queues[crc32(row.customer_id.encode()) % lanes].put((place, row))
            for queue in queues:
                await queue.put(None)
    except* ReplayStopped as stopped:
        # Whatever is raised here would be wrapped in a group by some releases of Python 3.11.
        reasons += [each for each in stopped.exceptions if isinstance(each, ReplayStopped)]
    if reasons:
        raise reasons[0]


async def _drive(
    client: httpx.AsyncClient, queue: Lane, translation: Translation, on_result: Callable[[Result], None]
) -> None:
    known: set[str] = set()
    while (item := await queue.get()) is not None:
        place, row = item
        account_id = translation.account_id(row)
        if account_id not in known:
            await _make_account(client, account_id, translation.account())
            known.add(account_id)
        on_result(await _pay(client, place, row, translation))


async def _make_account(client: httpx.AsyncClient, account_id: str, body: dict[str, Any]) -> None:
    response, _ = await _ask(client, "PUT", f"/api/v1/accounts/{account_id}", body)
    if response is None or not response.is_success:
        raise ReplayStopped(f"The account {account_id} could not be made: {_complaint(response)}")


async def _pay(client: httpx.AsyncClient, place: int, row: PaymentRow, translation: Translation) -> Result:
    key = translation.idempotency_key(row)
    response, latency_ms = await _ask(client, "POST", "/api/v1/transactions", translation.payment(row), key)
    if response is None or response.status_code in _NOT_NOW or response.status_code >= 500:
        return Result(place, row.transaction_id, LOST, latency_ms)
    if response.status_code in {401, 403}:
        raise ReplayStopped(f"Payments are refused: {_complaint(response)}")
    if not response.is_success:
        return Result(place, row.transaction_id, f"refused: {_code(response)}", latency_ms)
    receipt = response.json()
    probability = receipt.get("fraud_probability")
    return Result(
        place,
        row.transaction_id,
        receipt["outcome"],
        latency_ms,
        score=receipt.get("score_percentile") if probability is None else probability,
        replayed=response.headers.get("Idempotent-Replayed") == "true",
    )


async def _ask(
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
        if (response is not None and response.status_code not in _NOT_NOW) or attempt == ATTEMPTS_MAX:
            return response, latency_ms
        await asyncio.sleep(_pause_seconds(response, attempt))
    raise AssertionError


def _pause_seconds(response: httpx.Response | None, attempt: int) -> float:
    """What Retry-After asks for, else twice as long each time."""
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    seconds = float(asked) if asked.isdigit() else PAUSE_SECONDS * 2 ** (attempt - 1)
    return min(seconds, PAUSE_SECONDS_MAX)


def _code(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return str(response.status_code)


def _complaint(response: httpx.Response | None) -> str:
    return "no answer" if response is None else f"{response.status_code} {response.text[:500]}"
