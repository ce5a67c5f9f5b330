from datetime import date

import pytest
from django.utils import timezone

from ledger.models import Account, AccountBalance
from ledger.services.accounts import account_edit
from tests.factories import make_account


@pytest.fixture
def account_alice(db) -> Account:
    """Has spent 500.00 INR on her latest day at home in India."""
    account = make_account()
    AccountBalance.objects.filter(pk=account).update(day=date(2026, 1, 31), day_spent_minor=50_000)
    return account


def spent(account: Account) -> tuple[date | None, int]:
    balance = AccountBalance.objects.get(pk=account)
    return balance.day, balance.day_spent_minor


def edit(account: Account, **changes) -> None:
    account_edit(account=account, changes=changes, floor_minor=None, actor="olivia", now=timezone.now())


def test_a_new_home_zone_makes_the_day_be_counted_anew(account_alice):
    edit(account_alice, home_zone="America/New_York")

    assert spent(account_alice) == (None, 0)


def test_any_other_change_keeps_what_the_day_has_spent(account_alice):
    edit(account_alice, home_zone="Asia/Kolkata", name="A. Rao")

    assert spent(account_alice) == (date(2026, 1, 31), 50_000)
