"""What happens to a payment after it was decided."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from ledger.errors import HoldAlreadyResolved
from ledger.models import AccountBalance, AuditEntry, Event, Hold, HoldResolution, Reversal
from ledger.services.holds import Resolution, hold_resolve, holds_expire
from sentinel.core.ids import parse_public_id
from tests.gateway import purchase
from tests.rulesets import live_rules

pytestmark = pytest.mark.contract

BIG = {"field": "amount", "operator": "greater_than", "value": {"amount": "500.00", "currency": "INR"}}


@pytest.fixture
def held(gateway):
    """A payment of 600 on 1,000 that waits for a reviewer: (account, transaction)."""
    account_id = gateway.open_account("1000.00")
    with live_rules(review=BIG):
        receipt = gateway.pay(account_id, "600.00", key="held").json()
    assert receipt["status"] == "held"
    return account_id, receipt["id"]


def resolve(public_id: str, resolution: Resolution) -> None:
    hold_resolve(transaction_id=uuid(public_id), resolution=resolution, actor="rita", note="", now=timezone.now())


def uuid(public_id: str) -> UUID:
    found = parse_public_id("txn", public_id)
    assert found is not None
    return found


def expire_all(now: datetime) -> None:
    """Other tests leave holds behind, which are older and come first."""
    while holds_expire(now=now):
        pass


def test_a_hold_keeps_the_money_back(gateway, held):
    account_id, _ = held

    assert gateway.balance(account_id)["held"] == "600.00"
    assert gateway.pay(account_id, "400.01").json()["response_code"] == "insufficient_funds"
    assert gateway.pay(account_id, "400.00").json()["outcome"] == "approve"


def test_approving_a_hold_moves_the_money(gateway, held):
    account_id, transaction_id = held

    resolve(transaction_id, Resolution.APPROVED)

    assert gateway.balance(account_id)["posted"] == "400.00"
    assert gateway.balance(account_id)["held"] == "0.00"
    assert gateway.get(f"transactions/{transaction_id}").json()["current"]["status"] == "approved"
    assert AuditEntry.objects.filter(subject=transaction_id, action="hold.approved", actor="rita").exists()


@pytest.mark.parametrize(
    ("resolution", "status"), [(Resolution.DECLINED, "declined"), (Resolution.EXPIRED, "expired")]
)
def test_a_hold_that_is_not_approved_gives_the_money_back(gateway, held, resolution, status):
    account_id, transaction_id = held

    resolve(transaction_id, resolution)

    assert gateway.balance(account_id) == {
        "account_id": account_id,
        "currency": "INR",
        "posted": "1000.00",
        "held": "0.00",
        "available": "1000.00",
    }
    assert gateway.get(f"transactions/{transaction_id}").json()["current"]["status"] == status


def test_a_hold_ends_once(gateway, held):
    account_id, transaction_id = held
    resolve(transaction_id, Resolution.APPROVED)

    with pytest.raises(HoldAlreadyResolved):
        resolve(transaction_id, Resolution.DECLINED)

    assert gateway.balance(account_id)["posted"] == "400.00"
    assert HoldResolution.objects.filter(hold_id=uuid(transaction_id)).count() == 1


def test_holds_expire_when_nobody_decides(gateway, held):
    _, transaction_id = held
    expires_at = Hold.objects.get(pk=uuid(transaction_id)).expires_at

    expire_all(expires_at - timedelta(seconds=1))
    assert not HoldResolution.objects.filter(hold_id=uuid(transaction_id)).exists()
    expire_all(expires_at)

    assert HoldResolution.objects.get(hold_id=uuid(transaction_id)).resolution == "expired"


def test_a_declined_hold_gives_the_days_allowance_back(gateway):
    account_id = gateway.open_account("2000.00", daily_limit="700.00")
    with live_rules(review=BIG):
        transaction_id = gateway.pay(account_id, "600.00").json()["id"]
    assert gateway.pay(account_id, "200.00").json()["response_code"] == "limit_exceeded"

    resolve(transaction_id, Resolution.DECLINED)

    assert gateway.pay(account_id, "200.00").json()["outcome"] == "approve"


def test_a_held_top_up_comes_in_when_it_is_approved(gateway):
    account_id = gateway.open_account("0")
    body = {"account_id": account_id, "amount": "900.00", "currency": "INR", "transaction_type": "top_up"}
    with live_rules(review=BIG):
        receipt = gateway.post("transactions", body).json()

    assert receipt["balance"] == {"posted": "0.00", "held": "0.00", "available": "0.00"}
    resolve(receipt["id"], Resolution.APPROVED)
    assert gateway.balance(account_id)["available"] == "900.00"


def test_events_of_a_payment_are_numbered(gateway, held):
    _, transaction_id = held
    resolve(transaction_id, Resolution.APPROVED)
    gateway.post(f"transactions/{transaction_id}/reversals", {})

    events = Event.objects.filter(transaction_id=uuid(transaction_id)).order_by("sequence")

    assert [(event.sequence, event.type) for event in events] == [
        (1, "transaction.review_opened"),
        (2, "transaction.review_resolved"),
        (3, "transaction.reversed"),
    ]


def test_a_reversal_gives_back_a_part_and_then_the_rest(gateway):
    account_id = gateway.open_account("100.00")
    transaction_id = gateway.pay(account_id, "80.00").json()["id"]

    part = gateway.post(f"transactions/{transaction_id}/reversals", {"amount": "30.00", "reason": "one item"})
    rest = gateway.post(f"transactions/{transaction_id}/reversals", {})

    assert [part.status_code, part.json()["status"], part.json()["left"]] == [201, "partly_reversed", "50.00"]
    assert [rest.json()["status"], rest.json()["amount"]] == ["reversed", "50.00"]
    assert gateway.balance(account_id)["available"] == "100.00"


def test_a_reversal_is_replayed_not_repeated(gateway):
    account_id = gateway.open_account("100.00")
    transaction_id = gateway.pay(account_id, "80.00").json()["id"]
    first = gateway.post(f"transactions/{transaction_id}/reversals", {"amount": "10.00"}, key="r")

    again = [
        gateway.post(f"transactions/{transaction_id}/reversals", {"amount": amount}, key="r")
        for amount in ("10.00", "10.0", "10")
    ]

    assert [answer.content for answer in again] == [first.content] * 3
    assert {answer.headers["Idempotent-Replayed"] for answer in again} == {"true"}
    assert Reversal.objects.filter(transaction_id=uuid(transaction_id)).count() == 1


def test_a_payments_key_cannot_be_used_for_a_reversal(gateway):
    account_id = gateway.open_account("100.00")
    transaction_id = gateway.pay(account_id, "80.00", key="mine").json()["id"]

    refused = gateway.post(f"transactions/{transaction_id}/reversals", {}, key="mine")

    assert refused.status_code == 422
    assert refused.json()["code"] == "idempotency_key_reused"


@pytest.mark.parametrize(("amount", "status"), [("80.01", 422), ("0.00", 400), ("-1.00", 400), ("1.001", 400)])
def test_a_reversal_of_a_wrong_amount_is_refused(gateway, amount, status):
    account_id = gateway.open_account("100.00")
    transaction_id = gateway.pay(account_id, "80.00").json()["id"]

    refused = gateway.post(f"transactions/{transaction_id}/reversals", {"amount": amount})

    assert refused.status_code == status
    assert refused.json()["errors"][0]["field"] == "amount"
    assert gateway.balance(account_id)["available"] == "20.00"


def test_what_was_not_approved_cannot_be_reversed(gateway, held):
    account_id, held_id = held
    declined_id = gateway.pay(account_id, "5000.00").json()["id"]

    for transaction_id in (held_id, declined_id):
        refused = gateway.post(f"transactions/{transaction_id}/reversals", {})
        assert refused.status_code == 409
        assert refused.json()["code"] == "not_reversible"
    assert not Reversal.objects.filter(account_id=account_id).exists()


def test_a_transfer_is_not_reversed_when_the_receiver_spent_the_money(gateway):
    alice, bob = gateway.open_account("100.00"), gateway.open_account("0")
    body = {
        "account_id": alice,
        "counterparty_account_id": bob,
        "amount": "50.00",
        "currency": "INR",
        "transaction_type": "transfer",
    }
    transaction_id = gateway.post("transactions", body).json()["id"]
    gateway.pay(bob, "20.00")

    refused = gateway.post(f"transactions/{transaction_id}/reversals", {})

    assert refused.json()["code"] == "funds_insufficient"
    assert gateway.balance(bob)["available"] == "30.00"


def test_a_void_after_a_time_out_takes_the_payment_back(gateway):
    account_id = gateway.open_account("100.00")
    gateway.pay(account_id, "80.00", key="lost")

    void = gateway.post("transactions/void", {"idempotency_key": "lost"})

    assert void.json()["status"] == "reversed"
    assert gateway.balance(account_id)["available"] == "100.00"


def test_a_void_releases_a_hold(gateway, held):
    account_id, transaction_id = held

    void = gateway.post("transactions/void", {"idempotency_key": "held"})

    assert void.json() | {"id": "", "recorded_at": ""} == {
        "id": "",
        "recorded_at": "",
        "idempotency_key": "held",
        "transaction_id": transaction_id,
        "status": "declined",
    }
    assert gateway.balance(account_id)["held"] == "0.00"


def test_a_void_that_arrives_first_makes_its_payment_decline(gateway):
    account_id = gateway.open_account("100.00")
    void = gateway.post("transactions/void", {"idempotency_key": "late"})

    payment = gateway.pay(account_id, "80.00", key="late")

    assert void.json()["status"] == "voided_before_arrival"
    assert payment.status_code == 201
    assert payment.json()["response_code"] == "voided"
    assert gateway.balance(account_id)["available"] == "100.00"
    assert gateway.pay(account_id, "80.00", key="late").content == payment.content


def test_a_gateway_can_ask_by_key_what_became_of_a_payment(gateway):
    account_id = gateway.open_account("100.00")
    receipt = gateway.pay(account_id, "80.00", key="asked").json()

    found = gateway.get("transactions", params={"idempotency_key": "asked"}).json()["results"]

    assert [item["id"] for item in found] == [receipt["id"]]


def test_strangers_can_neither_read_nor_reverse_nor_void_nor_label(gateway, stranger):
    account_id = gateway.open_account("100.00")
    transaction_id = gateway.pay(account_id, "80.00", key="ours").json()["id"]
    label = {"transaction_id": transaction_id, "label": "fraud", "source": "chargeback"}

    answers = [
        stranger.get(f"transactions/{transaction_id}"),
        stranger.post(f"transactions/{transaction_id}/reversals", {}),
        stranger.post("labels", label),
        stranger.get(f"accounts/{account_id}"),
        stranger.get(f"accounts/{account_id}/balance"),
        stranger.get(f"accounts/{account_id}/transactions"),
        stranger.post(f"accounts/{account_id}/freeze", {"reason": "mine now"}),
    ]
    void = stranger.post("transactions/void", {"idempotency_key": "ours"})

    assert {answer.status_code for answer in answers} == {404}
    assert void.json()["status"] == "voided_before_arrival"
    assert gateway.balance(account_id)["available"] == "20.00"


def test_the_brief_999_999_from_abroad_on_10_000_is_declined_with_rule_and_funds(gateway):
    account_id = gateway.open_account("10000.00")
    abroad = purchase(account_id, "999999.00", location={"country": "FR"})
    with live_rules(review=brief_rule(), reason_code="rule.foreign_high_amount"):
        receipt = gateway.post("transactions", abroad).json()

    assert receipt["outcome"] == "decline"
    assert {"rule.foreign_high_amount", "funds.insufficient"} <= {reason["code"] for reason in receipt["reasons"]}
    assert AccountBalance.objects.get(pk=account_id).posted_minor == 1_000_000


@pytest.mark.parametrize(
    ("amount", "country", "outcome"),
    [
        ("5000.01", "FR", "review"),
        ("5000.00", "FR", "approve"),
        ("9000.00", "IN", "approve"),
        ("9000.00", None, "approve"),
    ],
)
def test_the_rule_of_the_brief(gateway, amount, country, outcome):
    account_id = gateway.open_account("10000.00")
    location = {"location": {"country": country}} if country else {}
    with live_rules(review=brief_rule()):
        assert gateway.pay(account_id, amount, **location).json()["outcome"] == outcome


def brief_rule():
    return {
        "combinator": "all",
        "conditions": [
            {"field": "amount", "operator": "greater_than", "value": {"amount": "5000.00", "currency": "INR"}},
            {"field": "location_country", "operator": "not_equal", "other_field": "home_country"},
        ],
    }
