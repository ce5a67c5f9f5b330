"""`up --check`: one payment through everything, as a gateway would send it."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sentinel.ops.children import loopback
from sentinel.ops.console import WIDTH, say

WORKER_SECONDS = 30


class CheckFailed(Exception):
    """Its words say what was expected and what came."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Gateway:
    base_url: str
    api_key: str

    def send(
        self, method: str, path: str, body: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        request = urllib.request.Request(  # noqa: S310 - the address is our own
            self.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-API-Key": self.api_key, "Content-Type": "application/json", **(headers or {})},
        )
        try:
            with loopback.open(request, timeout=15) as answer:
                return Answer(answer.status, lower_case(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, lower_case(error.headers), error.read())
        except OSError as error:
            raise CheckFailed(f"{method} {path} got no answer: {error}") from None

    def expect(self, status: int, method: str, path: str, *rest: Any) -> Answer:
        answer = self.send(method, path, *rest)
        if answer.status != status:
            words = answer.body.decode(errors="replace")[:2000]
            raise CheckFailed(f"{method} {path} answered {answer.status} and not {status}: {words}")
        return answer


def lower_case(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def run_checks(about: dict[str, Any]) -> int:
    """0 when all of them hold. Stops at the first that does not, and says why."""
    gateway = Gateway(about["base_url"], about["api_key"])
    key = f"check-{uuid4()}"
    payment: dict[str, Any] = {}
    first: list[Answer] = []

    def ready() -> None:
        answer = gateway.expect(200, "GET", "/readyz").json()
        if answer["status"] != "ready" or answer["degraded"]:
            raise CheckFailed(f"/readyz says {answer}")

    def payment_is_decided() -> None:
        account = gateway.expect(200, "GET", f"/api/v1/accounts/{about['account_id']}").json()
        payment.update(small_purchase(account))
        first.append(gateway.expect(201, "POST", "/api/v1/transactions", payment, {"Idempotency-Key": key}))
        say(json.dumps(first[0].json(), indent=2, ensure_ascii=False))

    def repetition_is_replayed() -> None:
        again = gateway.send("POST", "/api/v1/transactions", payment, {"Idempotency-Key": key})
        if again.body != first[0].body:
            raise CheckFailed(f"The same key got another receipt: {again.status} {again.body[:2000]!r}")
        if again.headers.get("idempotent-replayed") != "true":
            raise CheckFailed("The repeated answer does not carry Idempotent-Replayed: true")

    def balance_is_told() -> None:
        answer = gateway.expect(200, "GET", f"/api/v1/accounts/{about['account_id']}/balance")
        say(json.dumps(answer.json(), indent=2))

    checks: list[tuple[str, Callable[[], None]]] = [
        ("every probe of /readyz is well", ready),
        ("a payment is decided and recorded", payment_is_decided),
        ("the same request is answered with the same bytes", repetition_is_replayed),
        ("the balance is told", balance_is_told),
        ("the background worker answers", lambda: worker_answers(about["broker_url"])),
    ]
    for words, check in checks:
        started = time.monotonic()
        try:
            check()
        except CheckFailed as failure:
            say(f"FAILED  {words}\n{failure}")
            return 1
        say(f"ok      {words:<{WIDTH + 4}} {(time.monotonic() - started) * 1000:6.0f} ms")
    say("\nAll checks passed.")
    return 0


def small_purchase(account: dict[str, Any]) -> dict[str, Any]:
    country = account.get("home_country") or account.get("country") or "IN"
    return {
        "account_id": account.get("id") or account["account_id"],
        "amount": "12.00" if account["currency"] not in {"JPY", "KRW"} else "120",
        "currency": account["currency"],
        "transaction_type": "purchase",
        "reference": "check",
        "channel": "ecommerce",
        "merchant": {"id": "m_check", "name": "Corner shop", "category_code": "5411", "country": country},
        "location": {"country": country},
    }


def worker_answers(broker_url: str) -> None:
    from celery import Celery

    deadline = time.monotonic() + WORKER_SECONDS
    with Celery(broker=broker_url) as app:
        while time.monotonic() < deadline:
            if app.control.ping(timeout=1, limit=1):
                return
    raise CheckFailed(f"No Celery worker answered within {WORKER_SECONDS} s. See var/log/worker.log.")
