"""A test key from its first payment to the last reader of it: outcomes on demand, real money rules, and apart from
whatever is learned, measured or told of live payments.
"""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from ledger.models import Case, Event, Transaction
from ledger.selectors.truths import truths_read
from ledger.services.holds import Resolution, hold_resolve
from tests.gateway import Gateway, purchase

pytestmark = pytest.mark.journey

# The amounts that are approved, reviewed and declined, in currencies of two, no and three decimals.
AMOUNTS = {
    "INR": ("100.01", "100.02", "100.03"),
    "JPY": ("10001", "10002", "10003"),
    "BHD": ("10.001", "10.002", "10.003"),
}
OUTCOMES = [("approve", "approved"), ("review", "pending_review"), ("decline", "do_not_honor")]


@pytest.fixture
def tester(new_gateway) -> Gateway:
    return new_gateway(livemode=False, all_accounts=True)


def test_its_keys_say_what_they_are(tester, gateway):
    assert tester.api_key.startswith("sk_test_")
    assert gateway.api_key.startswith("sk_live_")


@pytest.mark.parametrize("currency", AMOUNTS)
@pytest.mark.parametrize("way", ["transactions", "/transaction", "bulk", "score"])
def test_each_outcome_is_had_by_each_way(tester, way, currency):
    account = tester.open_account("1000000", currency=currency)
    payments = [purchase(account, amount, currency=currency) for amount in AMOUNTS[currency]]
    if way == "bulk":
        items = [payment | {"idempotency_key": uuid4().hex} for payment in payments]
        results = tester.post("transactions/bulk", {"transactions": items}).json()["results"]
        answers = [each["receipt"] for each in results]
    elif way == "score":
        answers = tester.post("score", {"items": payments}).json()["results"]
    else:
        answers = [tester.post(way, payment).json() for payment in payments]

    assert [answer["outcome"] for answer in answers] == [outcome for outcome, _ in OUTCOMES]
    assert [[each["code"] for each in answer["reasons"]] for answer in answers] == [["test.magic_amount"]] * 3
    if way != "score":
        assert [answer["response_code"] for answer in answers] == [code for _, code in OUTCOMES]


@pytest.mark.parametrize("currency", AMOUNTS)
def test_a_live_client_never_gets_an_outcome_by_its_amount(gateway, currency):
    account = gateway.open_account("1000000", currency=currency)

    for amount in AMOUNTS[currency]:
        answer = gateway.pay(account, amount, currency=currency).json()
        assert "test.magic_amount" not in [reason["code"] for reason in answer["reasons"]]
        assert answer["outcome"] == "approve"


def test_the_money_moves_as_live_money_does(tester):
    account = tester.open_account("1000.00")
    approved, held, _ = (tester.pay(account, amount).json() for amount in AMOUNTS["INR"])
    assert tester.balance(account) | {"account_id": ""} == {
        "account_id": "", "currency": "INR", "posted": "899.99", "held": "100.02", "available": "799.97",
    }  # fmt: skip

    held_id = UUID(held["id"].removeprefix("txn_"))
    hold_resolve(transaction_id=held_id, resolution=Resolution.APPROVED, actor="rita", now=timezone.now())
    tester.post(f"transactions/{approved['id']}/reversals", {})

    assert tester.balance(account)["available"] == "899.98"


def test_what_money_and_standing_say_counts_more(tester):
    poor, frozen = tester.open_account("0"), tester.open_account()
    tester.request("POST", f"accounts/{frozen}/freeze", json={"frozen": True, "reason": "tests"})

    codes = [tester.pay(account, "100.01").json()["response_code"] for account in (poor, frozen)]

    assert codes == ["insufficient_funds", "account_unavailable"]


def test_live_and_test_never_meet_and_what_is_refused_is_not_written(tester, gateway):
    live, test = gateway.open_account(), tester.open_account()

    refused = [tester.pay(live, "100.01"), gateway.pay(test, "100.01")]
    refused += [
        one.post(
            "transactions",
            {"account_id": own, "amount": "1.00", "currency": "INR", "transaction_type": "transfer",
             "counterparty_account_id": other},
        )
        for one, own, other in ((tester, test, live), (gateway, live, test))
    ]  # fmt: skip

    assert [answer.status_code for answer in refused] == [422] * 4
    assert not Transaction.objects.filter(account_id__in=[live, test]).exists()
    assert tester.get(f"accounts/{live}").status_code == gateway.get(f"accounts/{test}").status_code == 404


def test_no_model_learns_from_it_and_nobody_else_is_told(tester, gateway):
    """Figures, samples, simulations, tallies, queue and seal are held apart where each of them is tested."""
    account = tester.open_account()
    ids = [UUID(tester.pay(account, amount).json()["id"].removeprefix("txn_")) for amount in AMOUNTS["INR"]]
    now = timezone.now()

    found = truths_read(
        start=now - timedelta(hours=1), end=now + timedelta(days=1), known_at=now + timedelta(days=60)
    )

    assert {UUID(bytes=bytes(each)) for each in found.ids}.isdisjoint(ids)
    assert set(Case.objects.filter(transaction_id__in=ids).values_list("livemode", flat=True)) == {False}
    assert set(Event.objects.filter(transaction_id__in=ids).values_list("client", flat=True)) == {tester.client.id}
    assert gateway.get("transactions").json()["results"] == []
