"""Sends the stream of the demo bank to a running service, at a steady rate whatever the answers take.

When as many payments are under way as are allowed, the next ones are held back, and counted. An answer that says
"not now", or none at all, means unknown: the same key is sent again.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from django.utils import timezone

from scoring.demo.behaviour import DemoPayment, top_up
from scoring.demo.bodies import account_body, payment_body
from scoring.demo.people import Customer, customer_number, top_up_minor
from scoring.demo.stream import Planned, Stream
from scoring.demo.tally import LOST, Tally
from sentinel.core.money import parse_amount

IN_FLIGHT_MAX = 64
ATTEMPTS_MAX = 8
PAUSE_SECONDS_MAX = 5.0
TOP_UP_PAUSE_SECONDS = 3600  # one may be in review: another would not help
_NOT_NOW = frozenset({409, 429, 502, 503, 504})
_LAST_SECONDS = 10.0  # for what is under way when the traffic ends


class TrafficStopped(Exception):
    """The service refuses the credentials; the message says how."""


@dataclass(slots=True)
class Sender:
    """`tally` may be taken and replaced by an empty one at any time."""

    client: httpx.AsyncClient
    stream: Stream
    tally: Tally = field(default_factory=Tally)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _topped_up_at: dict[str, float] = field(default_factory=dict)
    _refusal: str = ""

    async def run(self, rate: float, stop: asyncio.Event) -> None:
        """Until `stop` is set. Errors: TrafficStopped."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        for number in count():
            if await _is_set_within(stop, started + number / rate - loop.time()) or self._refusal:
                break
            if len(self._under_way) >= IN_FLIGHT_MAX:
                self.tally.held_back += 1
            else:
                self._start(self.stream.next(timezone.now()))
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LAST_SECONDS)
        if self._refusal:
            raise TrafficStopped(self._refusal)

    def _start(self, planned: Planned) -> None:
        task = asyncio.create_task(self._pay(planned))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _pay(self, planned: Planned) -> None:
        response, latency_ms = await self._post(planned.payment)
        if response is not None and _code(response) == "account_unknown":
            await self._open_accounts(planned)
            response, latency_ms = await self._post(planned.payment)
        ending = self._ending(response)
        self.tally.add(ending, latency_ms, is_fraud=planned.payment.is_fraud)
        if response is not None and response.is_success:
            await self._top_up_if_scarce(planned.customer, response.json())

    def _ending(self, response: httpx.Response | None) -> str:
        if response is None or response.status_code in _NOT_NOW or response.status_code >= 500:
            return LOST
        if response.is_success:
            return str(response.json()["outcome"])
        if response.status_code in (401, 403):
            self._refusal = f"The service refuses payments: {response.status_code} {response.text[:300]}"
        return f"refused: {_code(response)}"

    async def _open_accounts(self, planned: Planned) -> None:
        """Everybody has an account as soon as money is to move: whoever pays, and in a transfer whoever gets it."""
        request = planned.payment.request
        customers = [planned.customer]
        if request.counterparty_account_id is not None:
            customers.append(self.stream.bank.customer(customer_number(request.counterparty_account_id)))
        for customer in customers:
            response, _ = await self._ask("PUT", f"/api/v1/accounts/{customer.account_id}", account_body(customer))
            self.tally.accounts_opened += response is not None and response.status_code == 201

    async def _top_up_if_scarce(self, customer: Customer, receipt: dict[str, Any]) -> None:
        available_minor = parse_amount(receipt["balance"]["available"], customer.currency)
        now = time.monotonic()
        is_recent = now - self._topped_up_at.get(customer.account_id, -TOP_UP_PAUSE_SECONDS) < TOP_UP_PAUSE_SECONDS
        if available_minor >= customer.scarce_minor or is_recent:
            return
        self._topped_up_at[customer.account_id] = now
        amount_minor = top_up_minor(self.stream.rng, customer)
        await self._post(DemoPayment(top_up(customer, amount_minor, timezone.now())))
        self.tally.top_ups += 1

    async def _post(self, payment: DemoPayment) -> tuple[httpx.Response | None, float]:
        key = f"traffic-{secrets.token_urlsafe(16)}"
        return await self._ask("POST", "/api/v1/transactions", payment_body(payment.request, with_moment=False), key)

    async def _ask(
        self, method: str, path: str, body: dict[str, Any], key: str | None = None
    ) -> tuple[httpx.Response | None, float]:
        """The last answer (None: never one) and the milliseconds of its attempt."""
        headers = {"Idempotency-Key": key} if key else {}
        for attempt in count(1):
            started = time.perf_counter()
            try:
                response = await self.client.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                response = None
            latency_ms = (time.perf_counter() - started) * 1000
            if (response is not None and response.status_code not in _NOT_NOW) or attempt == ATTEMPTS_MAX:
                return response, latency_ms
            self.tally.retries += 1
            await asyncio.sleep(_pause_seconds(response, attempt))
        raise AssertionError


async def _is_set_within(stop: asyncio.Event, seconds: float) -> bool:
    if seconds <= 0:
        await asyncio.sleep(0)
        return stop.is_set()
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _pause_seconds(response: httpx.Response | None, attempt: int) -> float:
    """What Retry-After asks for, else twice as long each time."""
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    seconds = float(asked) if asked.isdigit() else 0.1 * 2 ** (attempt - 1)
    return min(seconds, PAUSE_SECONDS_MAX)


def _code(response: httpx.Response) -> str:
    if response.is_success:
        return ""
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError):
        return str(response.status_code)
