"""Sends payments several at once, and yet as if it were one by one.

A payment waits for the one before it of its account, and for the one before it at its merchant: what it is described
by is then what it would be in a single file. Others go ahead. At a pause all wait: what came before is answered, and
nothing behind it is sent until it is over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from scoring.domain.payment_files import PaymentFileError, PaymentRow
from scoring.replay.calling import ReplayStopped, ask, code_of, complaint, is_unknown
from scoring.replay.results import LOST, Receipt, Result
from scoring.replay.schedule import Pause, Step
from scoring.replay.translation import Translation

ROWS_AHEAD = 8  # for each lane, of rows that may wait for others

Earlier = set[asyncio.Task[None]]


async def _no_pause(pause: Pause) -> None:
    pass


async def replay_send(
    client: httpx.AsyncClient,
    steps: Iterable[Step],
    translation: Translation,
    *,
    lanes: int,
    on_result: Callable[[Result], None],
    on_pause: Callable[[Pause], Awaitable[None]] = _no_pause,
) -> None:
    """Sends all rows, `lanes` at once; `on_result` gets one Result for each, `on_pause` every other step, while
    nothing is under way.

    Errors: ReplayStopped; PaymentFileError from `steps`.
    """
    reasons: list[Exception] = []
    try:
        async with asyncio.TaskGroup() as group:
            sender = _Sender(client, translation, on_result, asyncio.Semaphore(lanes))
            await _feed(group, steps, sender, on_pause, asyncio.Semaphore(lanes * ROWS_AHEAD))
    except* (ReplayStopped, PaymentFileError) as stopped:
        # Whatever is raised here would be wrapped in a group by some releases of Python 3.11.
        reasons += [each for each in stopped.exceptions if isinstance(each, ReplayStopped | PaymentFileError)]
    if reasons:
        raise reasons[0]


async def _feed(
    group: asyncio.TaskGroup,
    steps: Iterable[Step],
    sender: "_Sender",
    on_pause: Callable[[Pause], Awaitable[None]],
    ahead: asyncio.Semaphore,
) -> None:
    place, under_way, last = 0, Earlier(), dict[tuple[str, str], asyncio.Task[None]]()

    def forget(task: asyncio.Task[None]) -> None:
        under_way.discard(task)
        ahead.release()

    for step in steps:
        if not isinstance(step, PaymentRow):
            if under_way:
                await asyncio.wait(under_way)
            await on_pause(step)
            continue
        await ahead.acquire()
        names = ("account", step.customer_id), ("merchant", step.merchant_id)
        earlier = {last[name] for name in names if name in last} & under_way
        task = group.create_task(sender.send(place, step, earlier))
        under_way.add(task)
        task.add_done_callback(forget)
        last |= dict.fromkeys(names, task)
        place += 1


@dataclass(slots=True)
class _Sender:
    client: httpx.AsyncClient
    translation: Translation
    on_result: Callable[[Result], None]
    lanes: asyncio.Semaphore
    _accounts: set[str] = field(default_factory=set)  # that were made

    async def send(self, place: int, row: PaymentRow, earlier: Earlier) -> None:
        if earlier:
            await asyncio.wait(earlier)
        async with self.lanes:
            account_id = self.translation.account_id(row)
            if account_id not in self._accounts:
                await _make_account(self.client, account_id, self.translation.account())
                self._accounts.add(account_id)
            self.on_result(await _pay(self.client, place, row, self.translation))


async def _make_account(client: httpx.AsyncClient, account_id: str, body: dict[str, Any]) -> None:
    response, _ = await ask(client, "PUT", f"/api/v1/accounts/{account_id}", body)
    if response is None or not response.is_success:
        raise ReplayStopped(f"The account {account_id} could not be made: {complaint(response)}")


async def _pay(client: httpx.AsyncClient, place: int, row: PaymentRow, translation: Translation) -> Result:
    key = translation.idempotency_key(row)
    response, latency_ms = await ask(client, "POST", "/api/v1/transactions", translation.payment(row), key)
    named = place, row.transaction_id, row.customer_id, row.occurred_at
    if response is None or is_unknown(response):
        return Result(*named, LOST, latency_ms)
    if response.status_code in {401, 403}:
        raise ReplayStopped(f"Payments are refused: {complaint(response)}")
    if not response.is_success:
        return Result(*named, f"refused: {code_of(response)}", latency_ms)
    told = response.json()
    is_replayed = response.headers.get("Idempotent-Replayed") == "true"
    return Result(*named, told["outcome"], latency_ms, _receipt(told), is_replayed)


def _receipt(told: dict[str, Any]) -> Receipt:
    probability = told.get("fraud_probability")
    score = told.get("score_percentile") if probability is None else probability
    return Receipt(told["id"], score, told["versions"]["model"])
