"""Every refusal is problem+json with a stable code and the field's name, and leaves nothing behind."""

import json

import pytest

from ledger.models import BankEvent, Event, IdempotencyKey, OutboxPending, Transaction

pytestmark = pytest.mark.contract

VISA = "4111111111111111"


def body(account_id, /, **changes):
    payment = {
        "account_id": account_id,
        "amount": "100.00",
        "currency": "INR",
        "transaction_type": "purchase",
        "merchant": {"id": "m_17"},
    } | changes
    return {name: value for name, value in payment.items() if value is not ...}


WRONG_FIELDS = [
    # what is sent, the field that is named, the code
    ({"amount": "-5.00"}, "amount", "wrong_format"),
    ({"amount": "0.00"}, "amount", "out_of_range"),
    ({"amount": "1.001"}, "amount", "over_precise"),
    ({"amount": "10000000000000.00"}, "amount", "too_large"),
    ({"amount": "9" * 40}, "amount", "too_long"),
    ({"amount": "1e3"}, "amount", "wrong_format"),
    ({"amount": "٣"}, "amount", "wrong_format"),
    ({"amount": " 1.00"}, "amount", "wrong_format"),
    ({"amount": 100}, "amount", "wrong_type"),
    ({"amount": 100.5}, "amount", "wrong_type"),
    ({"amount": True}, "amount", "wrong_type"),
    ({"amount": None}, "amount", "wrong_type"),
    ({"amount": ...}, "amount", "required"),
    ({"currency": "XYZ"}, "currency", "unknown_currency"),
    ({"currency": "inr"}, "currency", "unknown_currency"),
    ({"currency": 356}, "currency", "wrong_type"),
    ({"currency": "JPY", "amount": "100.50"}, "amount", "over_precise"),
    ({"account_id": ...}, "account_id", "required"),
    ({"account_id": ["acc"]}, "account_id", "wrong_type"),
    ({"account_id": "a b"}, "account_id", "wrong_format"),
    ({"account_id": "a" * 65}, "account_id", "too_long"),
    ({"transaction_type": "gift"}, "transaction_type", "not_a_choice"),
    ({"merchant": ...}, "merchant", "required"),
    ({"merchant": {}}, "merchant.id", "required"),
    ({"merchant": "m_17"}, "merchant", "wrong_type"),
    ({"merchant": {"id": "m", "country": "XX"}}, "merchant.country", "unknown_country"),
    ({"merchant": {"id": "m", "category_code": "12"}}, "merchant.category_code", "wrong_format"),
    ({"status": "approved"}, "status", "unknown_field"),
    ({"risk_score": 0}, "risk_score", "unknown_field"),
    ({"merchant": {"id": "m", "colour": "red"}}, "merchant.colour", "unknown_field"),
    ({"occurred_at": "2026-01-31T12:00:00"}, "occurred_at", "zone_missing"),
    ({"occurred_at": "yesterday"}, "occurred_at", "wrong_format"),
    ({"occurred_at": 1769860800}, "occurred_at", "wrong_type"),
    ({"occurred_at": "2199-01-01T00:00:00Z"}, "occurred_at", "in_the_future"),
    ({"occurred_at": "9999-12-31T23:59:59-12:00"}, "occurred_at", "out_of_range"),
    ({"occurred_at": "0001-01-01T00:00:00+05:30"}, "occurred_at", "out_of_range"),
    ({"occurred_at": "1899-12-31T23:59:59Z"}, "occurred_at", "out_of_range"),
    ({"location": {"latitude": 91, "longitude": 0}}, "location.latitude", "out_of_range"),
    ({"location": {"latitude": 0, "longitude": -181}}, "location.longitude", "out_of_range"),
    ({"location": {"latitude": 1.5}}, "location.longitude", "required"),
    ({"location": {"latitude": "1.5", "longitude": 2}}, "location.latitude", "wrong_type"),
    ({"device": {"ip": "999.1.1.1"}}, "device.ip", "wrong_format"),
    ({"device": {"ip": f"fe80::1%{'x' * 300}"}}, "device.ip", "wrong_format"),
    ({"card": {"token": "t", "last4": "11a1"}}, "card.last4", "wrong_format"),
    ({"metadata": {"n": 1}}, "metadata.n", "wrong_type"),
    ({"metadata": {f"k{n}": "v" for n in range(21)}}, "metadata", "too_many"),
    ({"counterparty_account_id": "acc_x"}, "counterparty_account_id", "not_allowed"),
    ({"transaction_type": "transfer"}, "counterparty_account_id", "required"),
    ({"reference": "r" * 201}, "reference", "too_long"),
    ({"reference": "nul\0byte"}, "reference", "nul_character"),
    ({"reference": VISA}, "reference", "card_number"),
    ({"metadata": {"note": "card 4111-1111-1111-1111"}}, "metadata.note", "card_number"),
    ({"merchant": {"id": "m", "name": "3782 822463 10005"}}, "merchant.name", "card_number"),
    ({"card": {"token": VISA}}, "card.token", "card_number"),
    ({"metadata": {"n": int(VISA)}}, "metadata.n", "card_number"),
]


@pytest.mark.parametrize(("changes", "field", "code"), WRONG_FIELDS, ids=[f"{f}-{c}" for _, f, c in WRONG_FIELDS])
def test_a_wrong_field_is_named_and_nothing_is_written(gateway, changes, field, code):
    account_id = gateway.open_account()

    response = gateway.post("transactions", body(account_id, **changes))

    assert_refused(response, 400)
    assert {"field": field, "code": code} in [
        {"field": error["field"], "code": error["code"]} for error in response.json()["errors"]
    ]
    assert_nothing_written(gateway, account_id)


MALFORMED = {
    "empty": b"",
    "not json": b"amount=1",
    "cut off": b'{"amount": "1.00"',
    "two documents": b"{} {}",
    "duplicate keys": b'{"amount": "1.00", "amount": "2.00"}',
    "nested duplicate keys": b'{"merchant": {"id": "a", "id": "b"}}',
    "NaN": b'{"amount": NaN}',
    "Infinity": b'{"amount": -Infinity}',
    "lone surrogate": b'{"reference": "\\ud800"}',
    "not utf-8": b'{"reference": "\xff"}',
    "raw NUL": b'{"reference": "\x00"}',
    "deep nesting": b"[" * 100_000 + b"]" * 100_000,
    "deep nesting in a small body": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "trailing comma": b'{"amount": "1.00",}',
    "comment": b'{"amount": "1.00" /* one */}',
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_not_strict_json_is_refused(gateway, content):
    account_id = gateway.open_account()

    response = send(gateway, content)

    assert_refused(response, 413 if len(content) > 65_536 else 400)
    assert_nothing_written(gateway, account_id)


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"42", b"null"])
def test_a_body_that_is_no_object_is_refused(gateway, content):
    response = send(gateway, content)

    assert_refused(response, 400)
    assert response.json()["errors"][0]["field"] == "body"


def test_an_oversize_body_is_refused(gateway):
    account_id = gateway.open_account()

    response = gateway.post("transactions", body(account_id, reference="r" * 70_000))

    assert_refused(response, 413)
    assert response.json()["code"] == "body_too_large"
    assert_nothing_written(gateway, account_id)


def test_another_content_type_is_refused(gateway):
    response = send(gateway, b"a=1", content_type="application/x-www-form-urlencoded")

    assert_refused(response, 415)


def test_an_unknown_account_is_refused(gateway):
    response = gateway.pay("acc_nobody")

    assert_refused(response, 422)
    assert response.json()["code"] == "account_unknown"
    assert response.json()["errors"][0]["field"] == "account_id"


def test_somebody_elses_account_looks_like_an_unknown_one(gateway, stranger):
    account_id = gateway.open_account()

    theirs, unknown = stranger.pay(account_id), stranger.pay("acc_nobody")

    assert theirs.json() == unknown.json()
    assert_nothing_written(stranger, account_id)


def test_a_receiving_account_must_exist(gateway):
    account_id = gateway.open_account()
    transfer = {"transaction_type": "transfer", "counterparty_account_id": "acc_nobody", "merchant": ...}

    response = gateway.post("transactions", body(account_id, **transfer))

    assert_refused(response, 422)
    assert response.json()["errors"][0]["field"] == "counterparty_account_id"
    assert_nothing_written(gateway, account_id)


def test_a_currency_other_than_the_accounts_is_refused(gateway):
    account_id = gateway.open_account()

    response = gateway.pay(account_id, "10.00", currency="EUR")

    assert_refused(response, 422)
    assert response.json()["code"] == "currency_mismatch"
    assert_nothing_written(gateway, account_id)


def test_a_receiving_account_in_another_currency_looks_like_an_unknown_one(gateway, stranger):
    account_id, theirs = gateway.open_account(), stranger.open_account(currency="EUR")

    answers = [
        gateway.post(
            "transactions",
            body(account_id, transaction_type="transfer", counterparty_account_id=receiver, merchant=...),
        )
        for receiver in (theirs, "acc_nobody")
    ]

    assert_refused(answers[0], 422)
    assert answers[0].json() == answers[1].json()
    assert_nothing_written(gateway, account_id)


def test_an_old_moment_needs_the_backdate_scope(new_gateway):
    gateway = new_gateway(scopes=["transactions:write", "accounts:write"])
    account_id = gateway.open_account()

    response = gateway.pay(account_id, occurred_at="2020-01-01T00:00:00Z")

    assert_refused(response, 400)
    assert response.json()["errors"][0]["code"] == "too_old"
    assert_nothing_written(gateway, account_id)


def test_the_idempotency_key_is_required(gateway):
    account_id = gateway.open_account()

    response = gateway.request("POST", "transactions", json=body(account_id))

    assert_refused(response, 400)
    assert response.json()["code"] == "idempotency_key_missing"
    assert_nothing_written(gateway, account_id)


@pytest.mark.parametrize("key", ["", " ", '""', "k" * 256, "clé", "tab\tkey", VISA])
def test_a_key_that_cannot_be_kept_is_refused(gateway, key):
    account_id = gateway.open_account()

    headers = {"Idempotency-Key": key.encode("latin-1")}
    response = gateway.request("POST", "transactions", json=body(account_id), headers=headers)

    assert_refused(response, 400)
    assert response.json()["code"] in {"idempotency_key_invalid", "idempotency_key_missing"}
    assert_nothing_written(gateway, account_id)


def test_two_key_headers_are_refused(gateway):
    account_id = gateway.open_account()
    headers = [("X-API-Key", gateway.api_key), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]

    request = gateway.http.post("/api/v1/transactions", json=body(account_id), headers=headers)
    response = gateway.loop.run(request)

    assert_refused(response, 400)
    assert response.json()["errors"][0] == {
        "field": "Idempotency-Key",
        "code": "sent_twice",
        "message": "Send the header once.",
    }
    assert_nothing_written(gateway, account_id)


@pytest.mark.parametrize(
    "headers",
    [{"X-API-Key": ""}, {"X-API-Key": "sk_live_00000000_guess"}, {"X-API-Key": "", "Authorization": "Bearer x.y.z"}],
)
def test_missing_or_bad_credentials_are_refused(gateway, headers):
    account_id = gateway.open_account()
    gateway.pay(account_id, key="paid")

    response = gateway.post("transactions", body(account_id), key="paid", headers=headers)

    assert_refused(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert Transaction.objects.filter(account_id=account_id).count() == 1


def test_a_missing_scope_is_refused(new_gateway):
    gateway = new_gateway(scopes=["transactions:read", "accounts:write"])
    account_id = gateway.open_account()

    response = gateway.pay(account_id)

    assert_refused(response, 403)
    assert "transactions:write" in response.json()["detail"]
    assert_nothing_written(gateway, account_id)


def test_what_does_not_exist_is_a_problem_too(gateway):
    assert_refused(gateway.get("nothing/here"), 404)
    assert_refused(gateway.get("transactions/txn_0"), 404)
    assert_refused(gateway.request("DELETE", "transactions"), 405)


@pytest.mark.parametrize(
    "parameter",
    [
        "colour=red",
        "limit=0",
        "limit=1000",
        "limit=x",
        f"limit={'1' * 5000}",
        "outcome=maybe",
        "reference=%00",
        "idempotency_key=",
        f"idempotency_key={VISA}",
        "cursor=cD1hYmM=",  # p=abc
        "cursor=cj14",  # r=x
    ],
)
def test_a_wrong_filter_is_refused_and_named(gateway, parameter):
    refused = gateway.get(f"transactions?{parameter}")

    assert_refused(refused, 400)
    assert [error["field"] for error in refused.json()["errors"]] == [parameter.partition("=")[0]]


@pytest.mark.parametrize("path", ["accounts/a%00b", "accounts/a%00b/balance", "accounts/a%00b/transactions"])
def test_there_is_nothing_under_an_id_with_a_nul(gateway, path):
    assert_refused(gateway.get(path), 404)


def test_an_error_on_our_side_is_a_problem_without_details(gateway, monkeypatch):
    async def broken(*args, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("scoring.services.intake.decide", broken)

    response = gateway.pay(gateway.open_account())

    assert_refused(response, 500)
    assert "secret" not in response.text


def send(gateway, content, content_type="application/json"):
    headers = {"Content-Type": content_type, "Idempotency-Key": "k"}
    return gateway.request("POST", "transactions", content=content, headers=headers)


def assert_refused(response, status):
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(response.content)
    assert {"type", "title", "status", "code", "detail"} <= set(problem)
    assert problem["status"] == status


def assert_nothing_written(gateway, account_id):
    assert not Transaction.objects.filter(account_id=account_id).exists()
    assert not IdempotencyKey.objects.filter(client_id=gateway.client.id).exists()
    assert not Event.objects.filter(account_id=account_id).exists()
    told = {*Event.objects.values_list("pk", flat=True), *BankEvent.objects.values_list("pk", flat=True)}
    assert set(OutboxPending.objects.values_list("pk", flat=True)) <= told
