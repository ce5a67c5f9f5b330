"""Scores made elsewhere: stored to be compared, and deciding nothing."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from ledger.models import Event, IdempotencyKey, Transaction
from scoring.models import Prediction
from tests.gateway import Gateway

pytestmark = pytest.mark.contract


def elsewhere(**fields):
    return {
        "reference": "order-42",
        "account_id": "acc_a",
        "amount": "5400.00",
        "currency": "INR",
        "occurred_at": "2026-01-31T12:00:00Z",
        "model": "acme-risk 3.2",
        "fraud_probability": 0.12,
    } | fields


def stored(gateway: Gateway):
    return Prediction.objects.filter(client_id=gateway.client.id).order_by("id")


def listed(gateway: Gateway, **asked):
    return gateway.get("predictions", params=asked).json()["results"]


def test_they_are_stored_in_order_and_listed_with_their_source(gateway):
    answer = gateway.post("predictions", {"items": [elsewhere(), elsewhere(reference="order-43", outcome="review")]})

    assert answer.status_code == 201
    ids = [each["id"] for each in answer.json()["results"]]
    newest, oldest = listed(gateway)
    assert [oldest["id"], newest["id"]] == ids
    assert newest.pop("recorded_at").endswith("Z")
    assert newest == {
        "id": ids[1],
        "source": "external",
        "account_id": "acc_a",
        "reference": "order-43",
        "amount": "5400.00",
        "currency": "INR",
        "outcome": "review",
        "livemode": True,
        "fraud_probability": 0.12,
        "score_percentile": None,
        "versions": {"ruleset": None, "policy": None, "model": "acme-risk 3.2"},
        "occurred_at": "2026-01-31T12:00:00.000000Z",
        "transaction_id": None,
        "decision": None,
    }
    assert listed(gateway, source="own") == []
    assert [each["outcome"] for each in listed(gateway, source="external", model="acme-risk 3.2")] == ["review", None]


def test_the_decision_on_the_same_payment_stands_beside(gateway, new_gateway):
    account_id = gateway.open_account()
    receipt = gateway.pay(account_id, "75.00").json()
    ours = elsewhere(transaction_id=receipt["id"], account_id=account_id, amount="75.00", score_percentile=0.4)

    assert gateway.post("predictions", {"items": [ours]}).status_code == 201

    (found,) = listed(gateway)
    assert found["transaction_id"] == receipt["id"]
    assert found["decision"] == {
        "outcome": "approve",
        "fraud_probability": receipt["fraud_probability"],
        "score_percentile": receipt["score_percentile"],
        "model": receipt["versions"]["model"],
    }
    plain = new_gateway(scopes=["transactions:write", "accounts:write", "predictions:read", "predictions:write"])
    account_id = plain.open_account()
    paid = plain.pay(account_id, "75.00").json()
    plain.post("predictions", {"items": [ours | {"transaction_id": paid["id"], "account_id": account_id}]})
    assert listed(plain)[0]["decision"] == {"outcome": "approve"}
    assert listed(plain)[0]["fraud_probability"] == 0.12  # it said so itself


def test_they_decide_nothing(gateway):
    account_id = gateway.open_account()
    gateway.post("predictions", {"items": [elsewhere(account_id=account_id, fraud_probability=1.0)]})

    assert gateway.pay(account_id).json()["outcome"] == "approve"
    assert Transaction.objects.filter(client_id=gateway.client.id).count() == 1
    assert not Event.objects.filter(client_id=gateway.client.id, type__contains="prediction").exists()


def test_a_key_stores_once_and_another_body_under_it_is_refused(gateway):
    key = str(uuid4())
    first = gateway.post("predictions", {"items": [elsewhere()]}, key=key)
    again = gateway.post("predictions", {"items": [elsewhere()]}, key=key)
    other = gateway.post("predictions", {"items": [elsewhere(amount="1.00")]}, key=key)

    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert stored(gateway).count() == 1
    missing = gateway.request("POST", "predictions", json={"items": [elsewhere()]})
    assert (missing.status_code, stored(gateway).count()) == (400, 1)


def tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=1)).isoformat()


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"fraud_probability": 1.1}, "fraud_probability", "out_of_range"),
        ({"fraud_probability": "0.1"}, "fraud_probability", "wrong_type"),
        ({"fraud_probability": None}, "fraud_probability", "required"),
        ({"score_percentile": -0.1}, "score_percentile", "out_of_range"),
        ({"reference": None}, "reference", "required"),
        ({"transaction_id": "txn_1"}, "transaction_id", "wrong_format"),
        ({"transaction_id": f"txn_{uuid4().hex}"}, "transaction_id", "unknown"),
        ({"amount": "1.001"}, "amount", "over_precise"),
        ({"currency": "XXX"}, "currency", "unknown_currency"),
        ({"model": ""}, "model", "too_short"),
        ({"outcome": "maybe"}, "outcome", "not_a_choice"),
        ({"occurred_at": "2026-01-31"}, "occurred_at", "zone_missing"),
        ({"score": 1}, "score", "unknown_field"),
    ],
)
def test_one_that_does_not_fit_is_named_and_none_is_stored(fields, field, code, gateway):
    key = str(uuid4())
    answer = gateway.post("predictions", {"items": [elsewhere(), elsewhere() | fields]}, key=key)

    assert answer.status_code == 400
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [(f"items[1].{field}", code)]
    assert not stored(gateway).exists()
    assert not IdempotencyKey.objects.filter(client_id=gateway.client.id, key=key).exists()


def test_the_future_is_refused(gateway):
    answer = gateway.post("predictions", {"items": [elsewhere(occurred_at=tomorrow())]})

    assert answer.json()["errors"][0]["code"] == "in_the_future"
    assert not stored(gateway).exists()


def test_a_payment_of_somebody_else_or_another_amount_is_refused(gateway, stranger):
    account_id = stranger.open_account()
    theirs = elsewhere(transaction_id=stranger.pay(account_id, "75.00").json()["id"], account_id=account_id)

    assert gateway.post("predictions", {"items": [theirs]}).json()["errors"][0]["code"] == "unknown"
    wrong = stranger.post("predictions", {"items": [theirs]})
    assert [(each["field"], each["code"]) for each in wrong.json()["errors"]] == [("items[0].amount", "mismatch")]
    assert [stored(each).count() for each in (gateway, stranger)] == [0, 0]


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": [elsewhere()] * 1001}, {"items": {}}, []])
def test_a_bad_body_is_refused_whole(body, gateway):
    assert gateway.post("predictions", body).status_code == 400
    assert not stored(gateway).exists()


def test_a_thousand_fit(gateway):
    answer = gateway.post("predictions", {"items": [elsewhere(reference=f"r-{n}") for n in range(1000)]})

    assert (answer.status_code, stored(gateway).count()) == (201, 1000)


def test_it_needs_its_own_scope(new_gateway):
    gateway = new_gateway(scopes=["score:write", "predictions:read"])

    assert gateway.post("predictions", {"items": [elsewhere()]}).status_code == 403
    assert not stored(gateway).exists()


@pytest.mark.parametrize(
    "change",
    ["source = 'own'", "source = 'external', model_version = NULL", "source = 'other'", "fraud_probability = NULL"],
)
def test_the_database_keeps_what_each_source_says(change, gateway):
    gateway.post("predictions", {"items": [elsewhere()]})
    names = [str(field.column) for field in Prediction._meta.fields if field.column != "id"]
    changed = dict(part.split(" = ") for part in change.split(", "))
    values = ", ".join(changed.get(name, name) for name in names)
    copy = f"INSERT INTO scoring_prediction (id, {', '.join(names)}) SELECT gen_random_uuid(), {values}"

    with pytest.raises(IntegrityError, match="prediction_"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{copy} FROM scoring_prediction WHERE client_id = %s", [gateway.client.id])
    assert stored(gateway).count() == 1


def test_it_is_never_changed(gateway):
    gateway.post("predictions", {"items": [elsewhere()]})

    with pytest.raises(Exception, match="never changed"), connection.cursor() as cursor:
        cursor.execute("UPDATE scoring_prediction SET outcome = 'decline' WHERE source = 'external'")
