"""A small bank whose payments are recorded at once, and facts that are made of them."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from dashboard.services.facts import facts_fill
from ledger.selectors import settled
from sentinel.core.outcomes import Outcome
from tests.dashboard.told import facts_begin
from tests.factories import make_account, make_client, make_payment


@pytest.fixture(autouse=True)
def no_margin(monkeypatch):
    monkeypatch.setattr(settled, "MARGIN", timedelta(0))


@pytest.fixture
def begun(db):
    """When the first fact of the test can have been recorded."""
    return facts_begin()


@pytest.fixture
def account(begun):
    return make_account()


@pytest.fixture
def pay(account):
    client = make_client()

    def make(outcome: Outcome = Outcome.APPROVE, amount_minor: int = 100, **fields):
        return make_payment(account, client, outcome=outcome, amount_minor=amount_minor, **fields)

    return make


@pytest.fixture
def fill(begun):
    """Fills, so that nothing that was recorded before is missed: ids carry milliseconds."""

    def fill_now() -> None:
        time.sleep(0.002)
        assert facts_fill(now=timezone.now())

    return fill_now
