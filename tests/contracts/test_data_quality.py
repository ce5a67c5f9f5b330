"""What gateways send is counted beside the payments, and of what is refused nothing personal is kept."""

import json

import pytest

from scoring.models import QualityCount, RefusedRequest
from scoring.services import quality_counts
from scoring.services.quality_counts import quality_counts_finish
from sentinel.core.errors import Unavailable
from tests.gateway import Gateway, purchase

pytestmark = pytest.mark.contract


def counted(gateway: Gateway) -> dict[tuple[str, str, str], int]:
    gateway.loop.run(quality_counts_finish())
    counts = QualityCount.objects.filter(client=gateway.client)
    return {(each.kind, each.field, each.code): each.requests for each in counts}


def refused(gateway: Gateway) -> list[RefusedRequest]:
    gateway.loop.run(quality_counts_finish())
    return list(RefusedRequest.objects.filter(client=gateway.client))


def test_received_missing_and_replayed_are_counted(gateway):
    account_id = gateway.open_account()
    gateway.pay(account_id, key="one", device={"id": "d1"}, channel="pos")
    gateway.pay(account_id, key="one", device={"id": "d1"}, channel="pos")
    gateway.pay(account_id, transaction_type="withdrawal", merchant=None, card={"token": "t"})

    found = counted(gateway)

    assert found["received", "purchase", ""] == 2
    assert found["received", "withdrawal", ""] == 1
    assert found["replayed", "", ""] == 1
    assert (found["missing", "device.id", ""], found["missing", "card", ""]) == (1, 2)
    assert found["missing", "merchant.category_code", ""] == 2
    assert found["missing", "metadata", ""] == 3
    assert ("missing", "channel", "") in found
    assert not [key for key in found if key[0] in ("refused", "turned_away")]


def test_counts_of_later_seconds_are_added(gateway):
    account_id = gateway.open_account()
    gateway.pay(account_id)
    counted(gateway)
    gateway.pay(account_id)

    assert counted(gateway)["received", "purchase", ""] == 2
    assert counted(gateway)["received", "purchase", ""] == 2


def test_refusals_are_counted_by_field_and_code(gateway):
    account_id = gateway.open_account()
    gateway.pay(account_id, amount="-1", currency="RUPEE")
    gateway.pay(account_id, surname="Rao")
    gateway.pay("acc_of_nobody")
    gateway.pay(account_id, key="one")
    gateway.pay(account_id, key="one", amount="7.00")

    found = counted(gateway)

    assert found["turned_away", "", "invalid_request"] == 2
    assert found["turned_away", "", "account_unknown"] == 1
    assert found["turned_away", "", "idempotency_key_reused"] == 1
    assert found["refused", "amount", "wrong_format"] == 1
    assert found["refused", "currency", "unknown_currency"] == 1
    assert found["refused", "other", "unknown_field"] == 1
    assert found["refused", "account_id", "unknown"] == 1


def test_refused_requests_are_kept_without_what_is_personal(gateway):
    account_id = gateway.open_account()
    body = purchase(account_id, "12.345", device={"ip": "203.0.113.9.9"}, card={"token": "tok", "last4": "Alice"})
    gateway.post("transactions", body | {"alice@bank.example": "Alice Rao"})

    (kept,) = refused(gateway)

    assert (kept.route, kept.status_code, kept.code) == ("transactions", 400, "invalid_request")
    assert sorted(kept.faults, key=lambda each: each["field"]) == [
        {"field": "(other)", "code": "unknown_field", "sent": ""},
        {"field": "card.last4", "code": "too_long", "sent": "text of 5 characters"},
        {"field": "device.ip", "code": "wrong_format", "sent": "text of 13 characters"},
    ]
    assert not [word for word in ("alice", "203.0", "tok") if word in json.dumps(kept.faults).lower()]


def test_a_harmless_value_is_shown(gateway):
    gateway.pay(gateway.open_account(), "12.345")

    (kept,) = refused(gateway)

    assert kept.faults == [{"field": "amount", "code": "over_precise", "sent": "12.345"}]


def test_no_card_number_is_ever_kept(gateway):
    account_id = gateway.open_account()
    gateway.pay(account_id, "4111111111111111")
    gateway.pay(account_id, merchant={"id": "4111111111111111"})
    gateway.pay(account_id, **{"4111111111111111": "x"})

    assert len(refused(gateway)) == 3
    for each in refused(gateway):
        assert "411111" not in json.dumps([each.faults, each.code, each.route])


def test_items_of_bulk_requests_are_counted_one_by_one(gateway):
    account_id = gateway.open_account()
    items = [purchase(account_id) | {"idempotency_key": "a"}, purchase(account_id, "x") | {"idempotency_key": "b"}]
    gateway.post("transactions/bulk", {"transactions": [*items, "no object"]})

    found = counted(gateway)

    assert found["received", "purchase", ""] == 1
    assert found["turned_away", "", "invalid_request"] == 2
    assert found["refused", "amount", "wrong_format"] == 1
    assert found["refused", "body", "wrong_type"] == 1
    assert {each.route for each in refused(gateway)} == {"bulk"}


def test_a_body_that_is_no_json_is_counted(gateway):
    gateway.request(
        "POST",
        "transactions",
        content=b'{"amount": ',
        headers={"Content-Type": "application/json", "Idempotency-Key": "k"},
    )

    assert counted(gateway) == {("turned_away", "", "malformed_json"): 1}
    assert refused(gateway)[0].faults == []


def test_who_comes_without_credentials_or_too_often_is_not_counted(gateway):
    gateway.post("transactions", {}, headers={"X-API-Key": "wrong"})

    assert counted(gateway) == {}


def test_many_refusals_are_all_counted_and_the_last_are_kept(gateway, monkeypatch):
    monkeypatch.setattr(quality_counts, "FAULTS_MAX", 5)
    account_id = gateway.open_account()
    items = [
        purchase(account_id, "x", **{f"f{number}x": 1 for number in range(20)}) | {"idempotency_key": f"k{item}"}
        for item in range(250)
    ]
    gateway.post("transactions/bulk", {"transactions": items})

    assert counted(gateway)["turned_away", "", "invalid_request"] == 250
    kept = refused(gateway)
    assert len(kept) == quality_counts.REFUSED_MAX
    assert {len(each.faults) for each in kept} == {5}


def test_without_the_database_payments_go_on_and_the_loss_is_said(gateway, monkeypatch, caplog):
    account_id = gateway.open_account()
    counted(gateway)

    def away():
        raise Unavailable

    monkeypatch.setattr(quality_counts, "reading", away)
    assert gateway.pay(account_id).status_code == 201
    gateway.loop.run(quality_counts_finish())

    assert "are lost" in caplog.text
    monkeypatch.undo()
    assert counted(gateway) == {}
