"""POST transactions/bulk: each item as if it had come alone."""

from uuid import uuid4

import pytest
from django.conf import settings

from ledger.models import IdempotencyKey, Transaction
from tests.gateway import Gateway, purchase
from tests.rulesets import live_rules

pytestmark = pytest.mark.contract


def item(account_id: str, amount: str = "10.00", key: str | None = None, **fields):
    return purchase(account_id, amount, **fields) | {"idempotency_key": key or str(uuid4())}


def send(gateway: Gateway, *items):
    return gateway.post("transactions/bulk", {"transactions": items})


def statuses(response) -> list[int]:
    return [result["status"] for result in response.json()["results"]]


def count(gateway: Gateway) -> int:
    return Transaction.objects.filter(client_id=gateway.client.id).count()


def test_each_item_gets_its_receipt_in_order(gateway):
    one, two = gateway.open_account(), gateway.open_account()

    response = send(gateway, item(one, "10.00"), item(two, "20.00"), item(one, "30.00"))

    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["receipt"]["amount"] for result in results] == ["10.00", "20.00", "30.00"]
    assert gateway.balance(one)["available"] == "9960.00"
    assert gateway.balance(two)["available"] == "9980.00"


def test_the_receipt_of_an_item_is_the_one_of_the_transaction(gateway):
    result = send(gateway, item(gateway.open_account())).json()["results"][0]

    stored = gateway.get(f"transactions/{result['receipt']['id']}").json()

    assert stored | {"current": None} == result["receipt"] | {"current": None}


def test_a_thousand_items_are_all_recorded(gateway):
    accounts = [gateway.open_account("100000.00") for _ in range(5)]
    items = [item(accounts[number % 5], "1.00") for number in range(1000)]

    response = send(gateway, *items)

    assert set(statuses(response)) == {201}
    assert count(gateway) == 1000
    assert {gateway.balance(account)["available"] for account in accounts} == {"99800.00"}


def test_items_of_one_account_see_each_other_in_order(gateway):
    account_id = gateway.open_account("25.00")

    with live_rules(decline={"field": "payments_1h", "operator": "greater_than", "value": 3}):
        results = send(gateway, *(item(account_id, "10.00") for _ in range(5))).json()["results"]

    assert [result["receipt"]["outcome"] for result in results] == [
        "approve",
        "approve",
        "decline",
        "decline",
        "decline",
    ]
    codes = [[reason["code"] for reason in result["receipt"]["reasons"]] for result in results]
    assert codes[2:4] == [["funds.insufficient"], ["funds.insufficient"]]
    assert len(codes[4]) == 2


def test_sent_again_the_same_receipts_come_back(gateway):
    items = [item(gateway.open_account(), key=f"again-{number}") for number in range(3)]

    first, second = send(gateway, *items), send(gateway, *items)

    receipts = [[result["receipt"] for result in answer.json()["results"]] for answer in (first, second)]
    assert receipts[0] == receipts[1]
    assert [result["replayed"] for result in second.json()["results"]] == [True] * 3
    assert count(gateway) == 3


def test_a_key_is_the_same_key_alone_and_in_bulk(gateway):
    account_id = gateway.open_account()
    alone = gateway.pay(account_id, "10.00", key="both")

    (result,) = send(gateway, item(account_id, "10.00", key="both")).json()["results"]

    assert result["replayed"] is True
    assert result["receipt"] == alone.json()
    assert count(gateway) == 1


def test_the_same_key_twice_in_one_request_is_one_payment(gateway):
    account_id = gateway.open_account()

    response = send(
        gateway, item(account_id, key="twin"), item(account_id, key="twin"), item(account_id, "11", "twin")
    )

    assert statuses(response) == [201, 201, 422]
    assert count(gateway) == 1


@pytest.mark.parametrize(
    ("bad", "status", "code", "field"),
    [
        ({"amount": "1.234"}, 400, "invalid_request", "amount"),
        ({"colour": "red"}, 400, "invalid_request", "colour"),
        ({"account_id": "acc_nobody"}, 422, "account_unknown", "account_id"),
        ({"currency": "EUR"}, 422, "currency_mismatch", "currency"),
        ({"idempotency_key": None}, 400, "idempotency_key_missing", "idempotency_key"),
        ({"idempotency_key": 7}, 400, "idempotency_key_missing", "idempotency_key"),
        ({"idempotency_key": " "}, 400, "idempotency_key_invalid", "idempotency_key"),
        ({"idempotency_key": 10**30}, 400, "idempotency_key_missing", "idempotency_key"),
        ({"reference": "4111 1111 1111 1111"}, 400, "card_number_not_allowed", "reference"),
        ({"merchant": None}, 400, "invalid_request", "merchant"),
    ],
)
def test_a_bad_item_fails_alone(bad, status, code, field, gateway):
    account_id = gateway.open_account()

    response = send(gateway, item(account_id), item(account_id) | bad, item(account_id))

    assert statuses(response) == [201, status, 201]
    problem = response.json()["results"][1]["problem"]
    assert (problem["code"], problem["errors"][0]["field"]) == (code, field)
    assert count(gateway) == 2
    assert IdempotencyKey.objects.filter(client_id=gateway.client.id).count() == 2


def test_an_item_that_is_no_object_fails_alone(gateway):
    response = send(gateway, item(gateway.open_account()), "pay", 7, None)

    assert statuses(response) == [201, 400, 400, 400]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "required", "transactions"),
        ({"transactions": {}}, "wrong_type", "transactions"),
        ({"transactions": []}, "too_few", "transactions"),
        ({"transactions": [{}] * 1001}, "too_many", "transactions"),
        ({"transactions": [{}], "more": 1}, "unknown_field", "more"),
    ],
)
def test_a_bad_body_is_refused_whole(body, code, field, gateway):
    response = gateway.post("transactions/bulk", body)

    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"field": field, "code": code, "message": response.json()["errors"][0]["message"]}
    ]
    assert count(gateway) == 0


def test_a_body_over_the_limit_is_refused(gateway):
    items = [item("acc_nobody", metadata={"note": "x" * 500}) for _ in range(1000)]
    items[0]["metadata"] = {f"k{number}": "x" * 500 for number in range(20)}
    body = {"transactions": items * (settings.API_BULK_BYTES_MAX // 700_000 + 1)}

    response = gateway.post("transactions/bulk", body)

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_it_needs_the_scope(new_gateway):
    gateway = new_gateway(scopes=["transactions:read"])

    assert send(gateway, item("acc_nobody")).status_code == 403


def test_without_the_scope_to_explain_an_item_says_less(new_gateway):
    gateway = new_gateway(scopes=["transactions:write", "accounts:write"])

    (result,) = send(gateway, item(gateway.open_account())).json()["results"]

    assert result["receipt"]["response_code"] == "approved"
    assert "reasons" not in result["receipt"]
