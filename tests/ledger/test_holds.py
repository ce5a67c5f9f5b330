"""How holds end, where services decide it. The API's side is in tests/contracts."""

import logging
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from ledger.domain.payments import AccountStatus
from ledger.models import AccountBalance, Hold, HoldResolution
from ledger.services import holds
from ledger.services.accounts import account_set_status
from ledger.services.holds import Resolution, hold_resolve, holds_expire
from sentinel.core.errors import Conflict
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment
from tests.ledger.forgeries import uuid
from tests.rulesets import live_rules


def set_status(account_id: str, status: AccountStatus) -> None:
    account_set_status(account_id=account_id, status=status, actor="olivia", reason="asked", now=timezone.now())


def balances(*account_ids: str) -> list[tuple[int, int]]:
    found = AccountBalance.objects.filter(pk__in=account_ids).order_by("posted_minor")
    return [(balance.posted_minor, balance.held_minor) for balance in found]


def test_a_held_transfer_is_not_approved_while_its_receiver_is_frozen(gateway):
    alice, bob = gateway.open_account("500.00"), gateway.open_account("1000.00")
    transfer = {"transaction_type": "transfer", "counterparty_account_id": bob, "merchant": None}
    with live_rules(review={"field": "amount", "operator": "is_present"}):
        held = uuid(gateway.pay(alice, **transfer).json()["id"])
    assert held is not None
    set_status(bob, AccountStatus.FROZEN)

    with pytest.raises(Conflict, match=f"The account {bob} is frozen. Thaw the account or decline the review."):
        hold_resolve(transaction_id=held, resolution=Resolution.APPROVED, actor="rita", now=timezone.now())
    assert not HoldResolution.objects.filter(pk=held).exists()
    assert balances(alice, bob) == [(50_000, 10_000), (100_000, 0)]

    set_status(bob, AccountStatus.ACTIVE)
    hold_resolve(transaction_id=held, resolution=Resolution.APPROVED, actor="rita", now=timezone.now())
    assert balances(alice, bob) == [(40_000, 0), (110_000, 0)]


def test_a_hold_that_cannot_be_expired_is_logged_without_values_and_stops_no_other(db, monkeypatch, caplog):
    account, client = make_account(), make_client()
    words = "Failing row contains (acc_alice, 19.07, 72.87)"
    broken, other = (make_payment(account, client, outcome=Outcome.REVIEW) for _ in range(2))

    def resolve(*, transaction_id, **told) -> None:
        if transaction_id == broken.pk:
            raise IntegrityError(words)
        hold_resolve(transaction_id=transaction_id, **told)

    monkeypatch.setattr(holds, "hold_resolve", resolve)

    with caplog.at_level(logging.ERROR, "ledger"):
        while holds_expire(now=timezone.now() + timedelta(days=8)):  # those of other tests are older and come first
            pass

    assert Hold.objects.filter(account=account, resolution__isnull=False).count() == 1
    assert HoldResolution.objects.filter(pk=other.pk).exists()
    assert f"hold {broken.pk} could not be expired: IntegrityError" in caplog.text
    assert words not in caplog.text
