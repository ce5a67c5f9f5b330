"""The Python client against the service as it runs, and against a server that fails as it is told."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from sentinelstream_client import BadSignature, OutcomeUnknown, Problem, SentinelStream, retries, webhook_event
from standardwebhooks import Webhook

from sentinel.api.services import api_key_create, client_create
from tests.servers import web_processes
from tests.webhooks.receiver import Receiver, answers
from webhooks.domain.signing import secret_make, signature_headers

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
RECEIPT: Any = {"id": "txn_1", "outcome": "approve"}


@pytest.fixture(scope="module")
def base_url(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), web_processes(1) as url:
        yield url


@pytest.fixture
def bank(base_url, gateway):
    with SentinelStream(base_url, api_key=gateway.api_key) as client:
        yield client


@pytest.fixture
def flaky(monkeypatch):
    """flaky(behaviours) -> a receiver that answers with one after the other, the last for ever."""
    monkeypatch.setattr(retries, "WAIT_SECONDS_FIRST", 0.01)
    opened = []

    def start(*behaviours):
        left = list(behaviours)

        def behave(handler, received):
            (left.pop(0) if len(left) > 1 else left[0])(handler, received)

        opened.append(Receiver(behave))
        return opened[-1]

    yield start
    for each in opened:
        each.close()


@contextmanager
def client_of(receiver) -> Iterator[SentinelStream]:
    with SentinelStream(f"http://127.0.0.1:{receiver.port}", api_key="any", timeout_seconds=2) as client:
        yield client


def payment(account_id: str, amount: Any = "250.00") -> Any:
    purchase = {"transaction_type": "purchase", "merchant": {"id": "m_17", "country": "IN"}}
    return {"account_id": account_id, "amount": amount, "currency": "INR", **purchase}


@pytest.mark.journey
def test_a_payment_is_made_looked_at_labelled_and_given_back(bank, gateway):
    account_id, key = gateway.open_account(), str(uuid4())

    receipt = bank.pay(payment(account_id, Decimal("250")), key=key)
    again = bank.pay(payment(account_id, "250.0"), key=key)
    bank.label(receipt["id"], "legitimate", source="customer")
    bank.reverse(receipt["id"], amount=Decimal("100"))

    assert (receipt["outcome"], receipt["amount"], again) == ("approve", "250.00", receipt)
    assert bank.transaction(receipt["id"])["current"] == {"status": "partly_reversed", "reversed": "100.00"}
    assert bank.balance(account_id)["posted"] == "9850.00"
    assert bank.void(key)["status"] == "reversed"
    assert bank.balance(account_id)["posted"] == "10000.00"


@pytest.mark.journey
def test_many_at_once_and_pages_of_them(bank, gateway):
    account_id = gateway.open_account()
    wanted = {str(uuid4()): payment(account_id, f"{amount}.00") for amount in range(1, 61)}
    wanted["bad"] = payment(account_id, "1.234")

    came = bank.pay_many(wanted)

    assert isinstance(came.pop("bad"), Problem)
    assert {key: receipt["amount"] for key, receipt in came.items()} == {key: wanted[key]["amount"] for key in came}
    listed = list(bank.transactions(account_id=account_id))  # of more than one page
    assert sorted(each["id"] for each in listed) == sorted(each["id"] for each in came.values())
    assert [each["outcome"] for each in bank.score([payment(account_id)])] == ["approve"]


@pytest.mark.journey
def test_mobile_money_is_scored_and_scores_made_elsewhere_are_kept(bank, gateway):
    drained = {
        "step": 1, "type": "TRANSFER", "amount": Decimal("181"), "nameOrig": "C1", "oldbalanceOrg": Decimal("181.00"),
        "newbalanceOrig": "0", "nameDest": "C2", "oldbalanceDest": "0", "newbalanceDest": "0",
    }  # fmt: skip
    elsewhere = {
        "reference": "order-41", "account_id": "acc_1", "amount": Decimal("250"), "currency": "INR",
        "occurred_at": "2026-01-31T12:00:00Z", "model": "acme-risk 3.2", "fraud_probability": 0.2,
    }  # fmt: skip

    (scored,) = bank.score([drained])
    first, again = (bank.store_predictions([elsewhere], key="compare-1") for _ in range(2))

    assert (scored["status"], scored["outcome"], scored["confidence"]) == (200, "review", None)
    assert first == again
    listed = gateway.get("predictions", params={"source": "external"}).json()["results"]
    assert [(each["id"], each["amount"]) for each in listed] == [(first[0]["id"], "250.00")]
    with pytest.raises(TypeError, match="not float"):
        bank.score([drained | {"oldbalanceOrg": 181.0}])


@pytest.mark.journey
def test_a_refusal_names_the_field_and_nothing_is_sent_for_a_float(bank, gateway):
    account_id = gateway.open_account()

    with pytest.raises(Problem, match=r"400 invalid_request: .* currency:") as refused:
        bank.pay(payment(account_id) | {"currency": "RUPEES"})
    assert (refused.value.status, [each["field"] for each in refused.value.errors]) == (400, ["currency"])
    with pytest.raises(TypeError, match="not float"):
        bank.pay(payment(account_id, 2.5))
    assert list(bank.transactions(account_id=account_id)) == []


@pytest.mark.journey
def test_events_are_pulled_to_their_end(base_url, committed):
    client = client_create(name=f"gateway {uuid4().hex[:8]}")
    with SentinelStream(base_url, api_key=api_key_create(client=client)[1]) as bank:
        assert list(bank.events()) == []


def unanswered(handler, received):
    handler.connection.shutdown(socket.SHUT_RDWR)


def test_it_is_tried_again_under_the_same_key_until_it_is_known(flaky):
    busy = answers(409, b"{}", retry_after="0")
    server = flaky(answers(503), unanswered, busy, answers(429), answers(201, json.dumps(RECEIPT).encode()))

    with client_of(server) as client:
        assert client.pay(payment("acc_1"), key="order-41") == RECEIPT
    assert [each.headers["idempotency-key"] for each in server.received] == ["order-41"] * 5
    assert len({each.body for each in server.received}) == 1


def test_when_the_tries_are_used_up_the_key_is_told(flaky):
    server = flaky(answers(502))

    with client_of(server) as client, pytest.raises(OutcomeUnknown, match="status 502") as unknown:
        client.pay(payment("acc_1"))
    assert {each.headers["idempotency-key"] for each in server.received} == {unknown.value.key}
    assert len(server.received) == retries.TRIES


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422])
def test_what_another_try_cannot_change_is_not_tried_again(flaky, status):
    body = json.dumps({"code": "some_code", "detail": "Words."}).encode()
    server = flaky(answers(status, body, content_type="application/problem+json"))

    with client_of(server) as client, pytest.raises(Problem) as refused:
        client.void("order-41")
    assert (refused.value.status, refused.value.code, len(server.received)) == (status, "some_code", 1)


def test_waits_grow_up_to_a_bound_and_honour_the_service():
    waits = [retries.wait_seconds(tried, None, 1.0) for tried in range(1, 12)]

    assert waits[:3] == [0.25, 0.5, 1.0]
    assert all(before <= after <= retries.WAIT_SECONDS_MAX for before, after in pairwise(waits))
    assert retries.wait_seconds(1, "7", 0.0) == 7.0
    assert retries.wait_seconds(1, "soon", 0.0) == 0.125


def test_a_webhook_is_verified_with_either_secret_of_a_rotation():
    body, old, new = '{"id": "evt_1", "type": "transaction.approved"}', secret_make(), secret_make()
    headers = signature_headers("evt_1", int(time.time()), body, [new, old])

    for secrets in ((old,), (new,), (secret_make(), old)):
        assert webhook_event(body.encode(), headers, *secrets)["type"] == "transaction.approved"
    assert Webhook(new).verify(body, headers) == webhook_event(body.encode(), headers, new)


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({}, b'{"id": "evt_2"}'),
        ({"webhook-id": "evt_2"}, b'{"id": "evt_1"}'),
        ({"webhook-timestamp": "1"}, b'{"id": "evt_1"}'),
        ({"webhook-timestamp": "now"}, b'{"id": "evt_1"}'),
        ({"webhook-signature": ""}, b'{"id": "evt_1"}'),
        ({"webhook-signature": "v1,ä"}, b'{"id": "evt_1"}'),
    ],
)
def test_a_webhook_that_is_not_genuine_or_too_old_is_refused(changes, body):
    headers = signature_headers("evt_1", int(time.time()), '{"id": "evt_1"}', [SECRET]) | changes

    with pytest.raises(BadSignature):
        webhook_event(body, headers, SECRET)
