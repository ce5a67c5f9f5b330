"""A payment gateway that never gives up: each key is sent again until its answer is definitive."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from random import Random

import httpx

from bench.payments import payments_of
from tests.faults.journal import Journal, Promise

AGAIN_SECONDS = 0.25
TIMEOUT_SECONDS = 10
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


@dataclass(slots=True)
class Gateway:
    """Sends so many payments a second to `base_url` while `pay` runs."""

    base_url: str
    api_key: str
    accounts: Sequence[str]
    journal: Journal
    prefix: str
    per_second: float
    seed: int
    tried: list[Tried] = field(default_factory=list)
    _stopping: bool = False

    async def pay(self) -> None:
        """Until `stop`; comes back when every payment has its answer or its patience is over."""
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        timeout = httpx.Timeout(TIMEOUT_SECONDS)
        async with httpx.AsyncClient(
            base_url=self.base_url, limits=limits, timeout=timeout, trust_env=False
        ) as client:
            under_way: set[asyncio.Task[None]] = set()
            chance, next_at = Random(self.seed), time.monotonic()
            for number in itertools.count():
                if self._stopping:
                    break
                task = asyncio.create_task(self._pay_one(client, f"{self.prefix}{number}", chance.random()))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                next_at += 1 / self.per_second
                await asyncio.sleep(max(0.0, next_at - time.monotonic()))
            if under_way:
                await asyncio.gather(*under_way)

    def stop(self) -> None:
        self._stopping = True

    async def _pay_one(self, client: httpx.AsyncClient, key: str, chance: float) -> None:
        tried = Tried(key, time.time())
        self.tried.append(tried)
        body, headers = self._body(key, chance), {"X-API-Key": self.api_key, "Idempotency-Key": key}
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            started = time.monotonic()
            answer = await _post(client, body, headers)
            tried.tries += 1
            if tried.tries == 1:
                tried.first_status = answer.status_code if answer else 0
                tried.first_seconds = time.monotonic() - started
            if answer is not None and _is_definitive(answer.status_code):
                self._keep(tried, answer)
                return
            await asyncio.sleep(AGAIN_SECONDS)

    def _body(self, key: str, chance: float) -> bytes:
        account = self.accounts[int(chance * len(self.accounts))]
        payments = payments_of(account)
        moment = datetime.now(UTC).isoformat()
        head = f'{{"reference":"{key}","occurred_at":"{moment}",'.encode()
        return head + payments[int(chance * 1e6) % len(payments)]

    def _keep(self, tried: Tried, answer: httpx.Response) -> None:
        told = answer.json()
        promise = Promise(tried.key, answer.status_code, told.get("id", ""), sha256(answer.content).hexdigest())
        self.journal.keep(promise)
        tried.status, tried.done_at = answer.status_code, time.time()
        tried.degraded = tuple(told.get("degraded", ()))


async def _post(client: httpx.AsyncClient, body: bytes, headers: dict[str, str]) -> httpx.Response | None:
    """None when the connection was lost: what became of the payment is unknown."""
    try:
        return await client.post(
            "/api/v1/transactions", content=body, headers={**headers, "Content-Type": "application/json"}
        )
    except httpx.TransportError:
        return None


def _is_definitive(status: int) -> bool:
    return status == 201 or (_DEFINITIVE_MIN <= status < 500 and status not in _NOT_YET)
