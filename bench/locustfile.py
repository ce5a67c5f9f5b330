"""Gateways as they behave: they pay, lose patience and send the same key again, send keys twice by mistake, crowd on
one account, read balances and histories, and void what they never got an answer to.

    SENTINEL_API_KEY=… .venv/bin/locust -f bench/locustfile.py --headless --users 20 --spawn-rate 5 --run-time 30s \
        --host http://127.0.0.1:8000

Locust costs milliseconds of CPU per request: it shows behaviour under trouble, not how fast the service is. Hosts
that are not this machine are refused, unless BENCH_I_OWN_THIS_SERVER is "true".
"""

import os
import random
import secrets
from typing import Any
from urllib.parse import urlsplit

from locust import FastHttpUser, between, events, task
from locust.exception import StopUser

from bench.payments import account_ids, payments_of

ACCOUNTS, RUN = 50, secrets.token_hex(3).translate(str.maketrans("0123456789", "ghijklmnop"))
PREFIX = f"bench_{RUN}_"
HOT_ACCOUNT = f"{PREFIX}hot_000000"
HOT_SHARE, REPLAY_SHARE, VOID_SHARE = 0.2, 0.1, 0.2
PATIENCE_SECONDS = 2.0
ATTEMPTS_MAX = 4
KEYS_REMEMBERED = 50
_UNKNOWN = {0, 500, 502, 503, 504}  # what became of the payment, nobody knows; 0: no answer at all
_NOT_NOW = {409, 429}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def refuse_strangers(environment: Any, **_: Any) -> None:
    host = urlsplit(environment.host or "").hostname
    if host not in _LOOPBACK and os.environ.get("BENCH_I_OWN_THIS_SERVER") != "true":
        environment.process_exit_code = 2
        environment.runner.quit()
        raise SystemExit(f"{host} is not this machine. A load may only be put on a server of your own.")


class Gateway(FastHttpUser):
    """One of the gateway's connections."""

    wait_time = between(0.01, 0.1)
    network_timeout = connection_timeout = PATIENCE_SECONDS

    def on_start(self) -> None:
        self.headers = {"X-API-Key": os.environ.get("SENTINEL_API_KEY", "")}
        self.accounts = random.sample(account_ids(PREFIX, ACCOUNTS), 10)
        self.answered: list[tuple[str, str, bytes]] = []  # key, body, first answer
        body = {"currency": "INR", "home_country": "IN", "home_zone": "Asia/Kolkata", "opening_balance": "9000000.00"}
        for account_id in (*self.accounts, HOT_ACCOUNT):
            answer = self.client.put(
                f"/api/v1/accounts/{account_id}", json=body, headers=self.headers, name="PUT accounts/{id}"
            )
            if answer.status_code not in (200, 201):
                raise StopUser

    @task(20)
    def pay(self) -> None:
        """A payment, sent again under its key until something is known of it."""
        account_id = HOT_ACCOUNT if random.random() < HOT_SHARE else random.choice(self.accounts)
        key, body = secrets.token_urlsafe(16), "{" + random.choice(payments_of(account_id)).decode()
        for attempt in range(ATTEMPTS_MAX):
            status, answer = self._send(key, body, "POST transactions" + (" (retry)" if attempt else ""))
            if status == 201:
                self.answered = [*self.answered[1 - KEYS_REMEMBERED :], (key, body, answer)]
                return
            if status not in _UNKNOWN | _NOT_NOW:
                return
        if random.random() < VOID_SHARE:
            self._void(key)

    @task(2)
    def send_a_key_twice(self) -> None:
        """By mistake. The first answer must come back, byte for byte."""
        if not self.answered:
            return
        key, body, first = random.choice(self.answered)
        with self.client.post(
            "/api/v1/transactions", data=body, headers=self._headers(key), name="POST transactions (replay)",
            catch_response=True,
        ) as answer:  # fmt: skip
            is_marked = answer.headers and answer.headers.get("Idempotent-Replayed") == "true"
            if answer.status_code == 201 and not (is_marked and answer.content == first):
                answer.failure("the repeated key was answered otherwise")

    @task(4)
    def read_balance(self) -> None:
        account_id = random.choice(self.accounts)
        self.client.get(
            f"/api/v1/accounts/{account_id}/balance", headers=self.headers, name="GET accounts/{id}/balance"
        )

    @task(2)
    def read_history(self) -> None:
        account_id = random.choice([*self.accounts, HOT_ACCOUNT])
        self.client.get(
            f"/api/v1/accounts/{account_id}/transactions", headers=self.headers, name="GET accounts/{id}/transactions"
        )

    @task(1)
    def give_up_and_void(self) -> None:
        """A gateway whose own customer walked away: it voids a key that may never have arrived."""
        self._void(secrets.token_urlsafe(16))

    def _send(self, key: str, body: str, name: str) -> tuple[int, bytes]:
        with self.client.post(
            "/api/v1/transactions", data=body, headers=self._headers(key), name=name, catch_response=True
        ) as answer:
            if answer.status_code in _NOT_NOW:
                answer.success()  # an honest "not now" is no failure
            return answer.status_code, answer.content or b""

    def _void(self, key: str) -> None:
        self.client.post(
            "/api/v1/transactions/void", json={"idempotency_key": key}, name="POST transactions/void",
            headers=self._headers(secrets.token_urlsafe(16)),
        )  # fmt: skip

    def _headers(self, key: str) -> dict[str, str]:
        return {**self.headers, "Content-Type": "application/json", "Idempotency-Key": key}
