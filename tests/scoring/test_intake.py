"""Back-pressure: beyond what can be decided soon the answer is an honest 503, and nothing is left half done."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import psycopg
import pytest

from ledger.models import IdempotencyKey, Transaction
from scoring.services import intake
from sentinel.ops.connections import runtime_conninfo
from tests.gateway import Gateway, purchase


@contextmanager
def locked(account_id: str) -> Iterator[None]:
    """Somebody else holds the account's balance for the length of the block."""
    with psycopg.connect(runtime_conninfo()) as database:
        database.execute("SELECT FROM ledger_accountbalance WHERE account_id = %s FOR UPDATE", [account_id])
        yield


@pytest.fixture
def lane(gateway: Gateway, monkeypatch) -> intake.Lane:
    """A new lane for the single payments of the process under test: its deadlines are in order from the start."""

    async def renew() -> intake.Lane:
        intake._lanes.pop(asyncio.get_running_loop(), None)
        return intake._lanes_here().single

    return gateway.loop.run(renew())


def in_background(gateway: Gateway, account_id: str, count: int):
    """Payments under way; `result()` waits for their answers."""

    async def send() -> list[httpx.Response]:
        requests = (
            gateway.request_async("POST", "transactions", json=purchase(account_id), headers={"Idempotency-Key": key})
            for key in [str(uuid4()) for _ in range(count)]
        )
        return await asyncio.gather(*requests)

    return asyncio.run_coroutine_threadsafe(send(), gateway.loop.loop)


def recorded(account_id: str) -> int:
    return Transaction.objects.filter(account_id=account_id).count()


def test_a_full_queue_refuses_at_once(gateway, lane, monkeypatch):
    monkeypatch.setattr(lane, "waiting_max", 10)
    account_id = gateway.open_account()

    with locked(account_id):
        under_way = in_background(gateway, account_id, 3)
        time.sleep(0.2)
        under_way_too = in_background(gateway, account_id, 1)
        time.sleep(0.2)
        crowd = in_background(gateway, account_id, 30)
        while len(lane.waiting) < 10:
            time.sleep(0.01)
    answers = [answer for sent in (under_way, under_way_too, crowd) for answer in sent.result(30)]

    refused = [answer for answer in answers if answer.status_code == 503]
    assert {answer.status_code for answer in answers} == {201, 503}
    assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
    numbers = [answer for answer in answers if answer.status_code == 201]
    assert recorded(account_id) == len({answer.json()["id"] for answer in numbers})
    assert IdempotencyKey.objects.filter(client_id=gateway.client.id).count() == recorded(account_id)


def test_a_late_payment_is_answered_in_time_and_finished_all_the_same(gateway, lane, monkeypatch):
    monkeypatch.setattr(lane, "deadline_seconds", 0.3)
    account_id = gateway.open_account()

    with locked(account_id):
        late = gateway.pay(account_id, key="late")
        assert recorded(account_id) == 0
    monkeypatch.setattr(lane, "deadline_seconds", 10)
    again = gateway.pay(account_id, key="late")

    assert (late.status_code, late.json()["code"], late.headers["Retry-After"]) == (503, "unavailable", "1")
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert recorded(account_id) == 1


def test_a_payment_that_never_began_is_not_written_later(gateway, lane, monkeypatch):
    first, second, third = (gateway.open_account() for _ in range(3))
    monkeypatch.setattr(lane, "deadline_seconds", 1)

    with locked(first), locked(second):
        begun = [in_background(gateway, first, 1)]
        time.sleep(0.2)
        begun.append(in_background(gateway, second, 1))
        time.sleep(0.2)
        waited = gateway.pay(third)  # both groups are under way, and wait
    answers = [answer.status_code for sent in begun for answer in sent.result(30)]

    assert [*answers, waited.status_code] == [503, 503, 503]
    for account_id, expected in ((first, 2), (second, 2), (third, 1)):
        gateway.pay(account_id)
        assert recorded(account_id) == expected
