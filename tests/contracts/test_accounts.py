"""The bank's accounts over the API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import Account, AuditEntry, Posting

pytestmark = pytest.mark.contract

TERMS = {"currency": "INR", "home_country": "IN", "home_zone": "Asia/Kolkata"}


def test_an_account_is_made_once_and_read_back(gateway):
    account_id = gateway.open_account("250.00", name="Alice", floor="-100.00", daily_limit="500.00", risk="high")

    account = gateway.get(f"accounts/{account_id}").json()

    assert account | {"opened_at": ""} == {
        "id": account_id,
        "currency": "INR",
        "home_country": "IN",
        "home_zone": "Asia/Kolkata",
        "name": "Alice",
        "status": "active",
        "risk": "high",
        "floor": "-100.00",
        "daily_limit": "500.00",
        "opened_at": "",
        "livemode": True,
    }
    assert gateway.balance(account_id)["posted"] == "250.00"


def test_putting_the_same_again_changes_nothing(gateway):
    account_id = gateway.open_account("250.00")

    again = gateway.put(f"accounts/{account_id}", TERMS | {"opening_balance": "250.00"})

    assert again.status_code == 200
    assert Account.objects.get(pk=account_id).version == 1
    assert Posting.objects.filter(ledger_account_id=account_id).count() == 1


def test_a_change_is_followed_at_once_and_audited(gateway):
    account_id = gateway.open_account()
    gateway.pay(account_id)

    gateway.put(f"accounts/{account_id}", TERMS | {"daily_limit": "150.00"})

    assert gateway.pay(account_id).json()["response_code"] == "limit_exceeded"
    assert AuditEntry.objects.filter(subject=account_id, action="account.change").exists()


def test_a_daily_limit_is_kept_when_absent_and_taken_away_by_null(gateway):
    account_id = gateway.open_account(daily_limit="150.00")

    kept = gateway.put(f"accounts/{account_id}", TERMS).json()
    removed = gateway.put(f"accounts/{account_id}", TERMS | {"daily_limit": None}).json()

    assert [kept["daily_limit"], removed["daily_limit"]] == ["150.00", None]
    assert gateway.pay(account_id, "200.00").json()["outcome"] == "approve"


def test_an_account_cannot_be_opened_in_the_future(gateway):
    account_id = gateway.open_account()
    soon, later = (timezone.now() + timedelta(minutes=minutes) for minutes in (4, 6))

    ahead = gateway.put(f"accounts/{account_id}", TERMS | {"opened_at": soon.isoformat()})
    refused = gateway.put(f"accounts/{account_id}", TERMS | {"opened_at": later.isoformat()})

    assert ahead.status_code == 200
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["code"] == "in_the_future"


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"currency": "EUR"}, 409, "currency"),
        ({"opening_balance": "9.00"}, 409, "opening_balance"),
        ({"floor": "10000.01"}, 409, "floor"),
        ({"floor": "1.001"}, 400, "floor"),
        ({"home_zone": "Mars/Base"}, 400, "home_zone"),
        ({"home_country": "India"}, 400, "home_country"),
        ({"status": "closed"}, 400, "status"),
        ({"livemode": False}, 400, "livemode"),
        ({"opened_at": "2020-01-01"}, 400, "opened_at"),
        ({"opened_at": "9999-12-31T23:59:59-12:00"}, 400, "opened_at"),
        ({"opened_at": "2199-01-01T00:00:00Z"}, 400, "opened_at"),
    ],
)
def test_a_change_that_cannot_be_is_refused(gateway, changes, status, field):
    account_id = gateway.open_account("10000.00")
    before = gateway.get(f"accounts/{account_id}").json()

    refused = gateway.put(f"accounts/{account_id}", TERMS | changes)

    assert refused.status_code == status
    assert refused.json()["errors"][0]["field"] == field
    assert gateway.get(f"accounts/{account_id}").json() == before


def test_somebody_elses_account_id_is_taken(gateway, stranger):
    account_id = gateway.open_account()

    refused = stranger.put(f"accounts/{account_id}", TERMS)

    assert refused.status_code == 409
    assert refused.json()["errors"] == [{"field": "id", "code": "taken", "message": "Choose another id."}]


@pytest.mark.parametrize("account_id", ["-x", "a b", "a%00b", "a" * 65, "sys_merchants_INR", "4111111111111111"])
def test_an_account_id_that_cannot_be_kept_is_refused(gateway, account_id):
    refused = gateway.put(f"accounts/{account_id}", TERMS)

    assert refused.status_code in {400, 409}
    assert refused.json()["errors"][0]["field"] == "id"
    assert not Account.objects.filter(pk=account_id.replace("%00", ""), kind="customer").exists()
