"""One story through real processes: an analyst's rule, a payment from abroad, a reviewer, a chargeback, a refund."""

import time

import httpx
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from ledger.models import AccountBalance, Event, Label
from rules.services.shipped import shipped_rule_take_out
from sentinel.core.ids import parse_public_id
from tests.gateway import Gateway, purchase
from tests.journeys.people import browser_of_somebody, publish_rule_in_admin
from tests.rules.examples import FOREIGN_HIGH_AMOUNT
from tests.servers import web_processes

pytestmark = pytest.mark.journey

# A process looks for a new configuration with each payment; this is only the patience of a busy machine.
PATIENCE_SECONDS = 10


@pytest.fixture
def bank(gateway, event_loop_thread):
    with web_processes(2) as base_url:
        http = httpx.AsyncClient(base_url=base_url, timeout=30)
        yield Gateway(event_loop_thread, http, gateway.client, gateway.api_key)
        event_loop_thread.run(http.aclose())


@pytest.fixture
def admin(committed):
    return browser_of_somebody()


@pytest.fixture
def approver(committed):
    return browser_of_somebody()


def test_a_day_at_the_bank(bank, admin, approver):
    account_id = bank.open_account("10000.00")
    abroad = {"location": {"country": "FR"}}
    assert bank.pay(account_id, "6000.00", **abroad).json()["outcome"] == "approve"

    rule = publish_rule_in_admin(admin, approver, name="High amount abroad", expression=FOREIGN_HIGH_AMOUNT)
    try:
        held = pay_until_held(bank, account_id, abroad)
    finally:
        shipped_rule_take_out(rule=rule, now=timezone.now())
    assert [reason["words"] for reason in held["reasons"]] == ["High amount abroad"]
    assert held["balance"]["held"] == held["amount"]

    transaction_id = parse_public_id("txn", held["id"])
    assert transaction_id is not None
    url = f"{reverse('admin:ledger_hold_resolve', args=['approved'])}?ids={transaction_id.hex}"
    admin.post(url, {"note": "The customer is in Paris"})
    assert bank.get(f"transactions/{held['id']}").json()["current"]["status"] == "approved"

    bank.post("labels", {"transaction_id": held["id"], "label": "fraud", "source": "chargeback"})
    refund = bank.post(f"transactions/{held['id']}/reversals", {"reason": "chargeback"}).json()

    assert refund["status"] == "reversed"
    assert Label.objects.get(transaction_id=transaction_id).is_fraud
    told = Event.objects.filter(transaction_id=transaction_id).order_by("sequence").values_list("type", flat=True)
    assert list(told) == ["transaction.review_opened", "transaction.review_resolved", "transaction.reversed"]
    assert bank.balance(account_id)["held"] == "0.00"
    assert_money_adds_up(account_id)


def pay_until_held(bank: Gateway, account_id: str, abroad: dict) -> dict:
    """The first payment that either process decides by the new rule, without a restart."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        bank.post(
            "transactions",
            {"account_id": account_id, "amount": "6000.00", "currency": "INR", "transaction_type": "top_up"},
        )
        receipt = bank.post("transactions", purchase(account_id, "5000.01", **abroad)).json()
        if receipt["status"] == "held":
            return receipt
    raise AssertionError("the new rule decided no payment")


def assert_money_adds_up(account_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(debit_minor - credit_minor), 0) FROM ledger_posting GROUP BY currency")
        assert all(row[0] == 0 for row in cursor.fetchall())
        cursor.execute(
            "SELECT sum(credit_minor - debit_minor) FROM ledger_posting WHERE ledger_account_id = %s", [account_id]
        )
        assert cursor.fetchone()[0] == AccountBalance.objects.get(pk=account_id).posted_minor
