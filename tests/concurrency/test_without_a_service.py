"""A real process whose database, Redis or model is away: an honest answer, never a silent approval."""

import time
from uuid import uuid4

import httpx
import pytest

from ledger.models import Decision, Transaction
from sentinel.core.catalogue import unpack
from tests.gateway import purchase
from tests.servers import web_processes

pytestmark = pytest.mark.concurrency

# Nobody listens there.
DEAD = "127.0.0.1:1"


def pay(base_url, gateway, account_id, key=None):
    headers = {"X-API-Key": gateway.api_key, "Idempotency-Key": key or str(uuid4())}
    return httpx.post(f"{base_url}/api/v1/transactions", json=purchase(account_id), headers=headers, timeout=20)


def test_without_the_database_the_answer_is_a_quick_503(gateway):
    with web_processes(1, DATABASE_URL=f"postgresql://nobody:x@{DEAD}/none") as base_url:
        started = time.monotonic()
        response = pay(base_url, gateway, "acc_alice")
        waited_seconds = time.monotonic() - started

    assert response.status_code == 503
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Retry-After"] == "1"
    # The pool waits one second for a connection; the rest is room for a slow machine, far below its usual 30 s.
    assert waited_seconds < 5


def test_without_redis_decisions_go_on_with_the_same_features(new_gateway):
    gateway = new_gateway(rate="3/h")
    account_id = gateway.open_account()
    with web_processes(1, REDIS_URL=f"redis://{DEAD}/0") as base_url:
        answers = [pay(base_url, gateway, account_id) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert all("redis_unavailable" in answer.json()["degraded"] for answer in answers[:3])
    assert answers[3].headers["Retry-After"]
    decisions = Decision.objects.filter(account_id=account_id).order_by("transaction__seq")
    assert [unpack(bytes(decision.snapshot))["payments_1h"] for decision in decisions] == [0, 1, 2]


def test_without_its_model_a_payment_is_decided_by_rules_and_says_so(gateway):
    account_id = gateway.open_account()

    receipt = gateway.pay(account_id).json()

    assert receipt["degraded"] == ["model_missing"]
    assert (receipt["score_percentile"], receipt["risk_level"], receipt["versions"]["model"]) == (None, None, None)
    assert Transaction.objects.get(account_id=account_id).decision.model_version is None
