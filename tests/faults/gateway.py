"""A payment gateway that never gives up: each key is sent again until its answer is definitive."""

import asyncio
import itertools
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random

from bench.http_client import Response
from bench.payments import payments_of
from tests.faults.journal import Journal, Promise
from tests.faults.sender import Sender

AGAIN_SECONDS, AGAIN_SECONDS_MAX = 0.25, 1.0  # the pause doubles, up to this
PATIENCE_SECONDS = 120  # then a payment counts as never answered
_DEFINITIVE_MIN, _NOT_YET = 400, {408, 409, 429}


@dataclass(slots=True)
class Tried:
    """One payment: when it was sent first, what came of the first try and how long it took, and when it was done."""

    key: str
    sent_at: float
    first_status: int = 0
    first_seconds: float = 0.0
    done_at: float | None = None
    status: int = 0
    degraded: tuple[str, ...] = ()
    tries: int = 0
    failed: list[int] = field(default_factory=list)  # answers of 500 and above that do not say when to come again


@dataclass(slots=True)
class Gateway:
    """Sends so many payments a second to `base_url` while `pay` runs."""

    base_url: str
    api_key: str
    accounts: Sequence[str]
    journal_path: Path
    prefix: str
    per_second: float
    seed: int
    patience_seconds: float = PATIENCE_SECONDS
    tried: list[Tried] = field(default_factory=list)
    _journal: Journal | None = None
    _stopping: bool = False

    async def pay(self) -> None:
        """Until `stop`; comes back when every payment has its answer or its patience is over."""
        self._journal, sender = Journal(self.journal_path), Sender(self.base_url)
        try:
            await self._pay(sender)
        finally:
            sender.close()
            self._journal.close()

    async def _pay(self, sender: Sender) -> None:
        under_way: set[asyncio.Task[None]] = set()
        chance, next_at = Random(self.seed), time.monotonic()
        for number in itertools.count():
            if self._stopping:
                break
            task = asyncio.create_task(self._pay_one(sender, f"{self.prefix}{number}", chance.random()))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            next_at += 1 / self.per_second
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))
        if under_way:
            await asyncio.gather(*under_way)

    def stop(self) -> None:
        self._stopping = True

    async def _pay_one(self, sender: Sender, key: str, chance: float) -> None:
        tried = Tried(key, time.time())
        self.tried.append(tried)
        body, headers = self._body(key, chance), self._headers(key)
        until, pause_seconds = time.monotonic() + self.patience_seconds, AGAIN_SECONDS
        while time.monotonic() < until:
            started = time.monotonic()
            answer = await sender.post("/api/v1/transactions", body, headers)
            tried.tries += 1
            if tried.tries == 1:
                tried.first_status = answer.status if answer else 0
                tried.first_seconds = time.monotonic() - started
            if answer is not None and answer.status >= 500 and answer.status != 503:
                tried.failed.append(answer.status)
            if answer is not None and _is_definitive(answer.status):
                await self._keep(tried, answer)
                return
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, AGAIN_SECONDS_MAX)

    def _headers(self, key: str) -> dict[str, str]:
        return {"X-API-Key": self.api_key, "Idempotency-Key": key, "Content-Type": "application/json"}

    def _body(self, key: str, chance: float) -> bytes:
        account = self.accounts[int(chance * len(self.accounts))]
        payments = payments_of(account)
        moment = datetime.now(UTC).isoformat()
        head = f'{{"reference":"{key}","occurred_at":"{moment}",'.encode()
        return head + payments[int(chance * 1e6) % len(payments)]

    async def _keep(self, tried: Tried, answer: Response) -> None:
        told = json.loads(answer.body)
        promise = Promise(tried.key, answer.status, told.get("id", ""), sha256(answer.body).hexdigest())
        # In a thread: a disk that is slow must not be measured as a service that is.
        assert self._journal is not None
        await asyncio.to_thread(self._journal.keep, promise)
        tried.status, tried.done_at = answer.status, time.time()
        tried.degraded = tuple(told.get("degraded", ()))


def start_apart(gateway: Gateway) -> Callable[[], list[Tried]]:
    """Lets it pay in a process of its own: proxies and receiver, which share this one, are not to be measured with
    the service. Comes back when it pays; what is returned stops it and tells what it tried.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_pay_apart, args=(gateway, there), daemon=True)
    process.start()
    here.recv()

    def stop() -> list[Tried]:
        here.send(None)
        tried: list[Tried] = here.recv()
        process.join(10)
        return tried

    return stop


def _pay_apart(gateway: Gateway, line: Connection) -> None:
    def wait_for_stop() -> None:
        line.recv()
        gateway.stop()

    line.send(None)
    threading.Thread(target=wait_for_stop, daemon=True).start()
    asyncio.run(gateway.pay())
    line.send(gateway.tried)


def _is_definitive(status: int) -> bool:
    return status == 201 or (_DEFINITIVE_MIN <= status < 500 and status not in _NOT_YET)
