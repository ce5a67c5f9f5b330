"""POST score: what would be decided, and nothing but predictions is left behind."""

import pytest
from django.db import connection
from django.utils import timezone

from ledger.models import AccountGrant, Event, IdempotencyKey, Transaction
from ledger.services.clients import grant_take
from scoring.models import Prediction
from scoring.services import predictions
from scoring.services.predictions import predictions_finish
from tests.gateway import Gateway, purchase
from tests.rulesets import live_rules

pytestmark = pytest.mark.contract


def score(gateway: Gateway, *items):
    response = gateway.post("score", {"items": items})
    gateway.loop.run(predictions_finish())
    return response


def stored(gateway: Gateway):
    return Prediction.objects.filter(client_id=gateway.client.id).order_by("id")


def test_each_item_gets_its_score_in_order(gateway):
    account_id = gateway.open_account()

    with live_rules(
        review={"field": "amount", "operator": "greater_than", "value": {"amount": "50", "currency": "INR"}}
    ):
        response = score(gateway, purchase(account_id, "10.00"), purchase(account_id, "60.00", reference="r-2"))

    assert response.status_code == 200
    first, second = response.json()["results"]
    assert (first["status"], first["outcome"], second["outcome"]) == (200, "approve", "review")
    assert second["reference"] == "r-2"
    assert second["reasons"][0]["kind"] == "rule"
    assert set(first["versions"]) == {"ruleset", "policy", "model", "features"}


def test_nothing_is_recorded_but_the_predictions(gateway):
    account_id = gateway.open_account()

    response = score(gateway, *(purchase(account_id, f"{number}.00") for number in range(1, 101)))

    assert [str(row.id.hex) for row in stored(gateway)] == [
        result["id"].removeprefix("prd_") for result in response.json()["results"]
    ]
    assert {row.outcome for row in stored(gateway)} == {"approve"}
    assert not Transaction.objects.filter(client_id=gateway.client.id).exists()
    assert not IdempotencyKey.objects.filter(client_id=gateway.client.id).exists()
    assert not Event.objects.filter(client_id=gateway.client.id).exists()
    assert gateway.balance(account_id)["available"] == "10000.00"


def test_an_account_is_described_by_its_past_which_scoring_does_not_change(gateway):
    account_id = gateway.open_account()
    for _ in range(2):
        gateway.pay(account_id)

    with live_rules(review={"field": "payments_1h", "operator": "at_least", "value": 2}):
        results = score(gateway, *(purchase(account_id) for _ in range(3))).json()["results"]
        unchanged = score(gateway, purchase(account_id)).json()["results"]

    assert [result["outcome"] for result in (*results, *unchanged)] == ["review"] * 4
    with live_rules(review={"field": "payments_1h", "operator": "at_least", "value": 3}):
        assert gateway.pay(account_id).json()["outcome"] == "approve"


def test_an_account_of_somebody_else_looks_like_none(gateway, stranger):
    account_id = stranger.open_account()
    stranger.pay(account_id)

    with live_rules(review={"field": "payments_1h", "operator": "greater_than", "value": 0}):
        (own,) = score(stranger, purchase(account_id)).json()["results"]
        (theirs,) = score(gateway, purchase(account_id)).json()["results"]
        (nobodys,) = score(gateway, purchase("acc_nobody")).json()["results"]

    assert own["outcome"] == "review"
    assert theirs | {"id": None} == nobodys | {"id": None}


def test_a_grant_that_was_taken_and_an_edited_account_are_followed_at_once(gateway):
    account_id = gateway.open_account()
    gateway.pay(account_id)
    with live_rules(review={"field": "home_country", "operator": "equal", "value": "FR"}):
        gateway.put(f"accounts/{account_id}", {"currency": "INR", "home_country": "FR"})
        (edited,) = score(gateway, purchase(account_id)).json()["results"]
    with live_rules(review={"field": "payments_1h", "operator": "greater_than", "value": 0}):
        (granted,) = score(gateway, purchase(account_id)).json()["results"]
        grant_take(grant=AccountGrant.objects.get(account_id=account_id), actor="tests", now=timezone.now())
        (taken,) = score(gateway, purchase(account_id)).json()["results"]

    assert [result["outcome"] for result in (edited, granted, taken)] == ["review", "review", "approve"]


def test_a_bad_item_fails_alone(gateway):
    response = score(gateway, purchase("acc_a"), purchase("acc_a", "0"), "score", {}, purchase("acc_a"))

    results = response.json()["results"]
    assert [result["status"] for result in results] == [200, 400, 400, 400, 200]
    assert results[1]["problem"]["errors"][0]["field"] == "amount"
    assert stored(gateway).count() == 2


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": [{}] * 1001}, {"items": [{}], "x": 1}, []])
def test_a_bad_body_is_refused_whole(body, gateway):
    assert gateway.post("score", body).status_code == 400
    assert not stored(gateway).exists()


def test_when_predictions_are_stored_too_slowly_it_says_so_and_stores_none(gateway, monkeypatch):
    monkeypatch.setattr(predictions, "WAITING_MAX", 3)

    refused = score(gateway, *(purchase("acc_a") for _ in range(4)))
    accepted = score(gateway, *(purchase("acc_a") for _ in range(3)))

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert accepted.status_code == 200
    assert stored(gateway).count() == 3


def test_it_needs_the_scope(new_gateway):
    gateway = new_gateway(scopes=["transactions:write"])

    assert score(gateway, purchase("acc_a")).status_code == 403


def test_without_the_scope_to_explain_only_the_outcome_is_told(new_gateway):
    gateway = new_gateway(scopes=["score:write"])

    (result,) = score(gateway, purchase("acc_a")).json()["results"]

    assert set(result) == {"status", "id", "reference", "outcome"}


def test_a_prediction_is_never_changed(gateway):
    score(gateway, purchase("acc_a"))

    with pytest.raises(Exception, match="never changed"), connection.cursor() as cursor:
        cursor.execute("UPDATE scoring_prediction SET outcome = 'decline'")
