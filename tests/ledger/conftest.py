"""A ledger with a row in every table, and plain connections of both roles."""

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from scoring.services.decision_times import decision_times_finish
from scoring.services.predictions import predictions_finish
from sentinel.ops.connections import runtime_conninfo
from tests.gateway import purchase
from tests.ledger.forgeries import uuid


@pytest.fixture
def runtime(committed):
    """A connection of the runtime role, rolled back."""
    with psycopg.connect(runtime_conninfo()) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def owner(committed):
    """A plain SQL connection of the owner, rolled back."""
    database = connection.settings_dict
    parameters = {"host": database["HOST"], "port": database["PORT"] or None, "dbname": database["NAME"]}
    with psycopg.connect(**parameters, user=database["USER"], password=database["PASSWORD"]) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def filled(gateway):
    """A ledger with a row in every table: an account with an approved, reversed and labelled payment, and a hold."""
    from ledger.services.holds import Resolution, hold_resolve
    from tests.rulesets import live_rules

    account_id = gateway.open_account()
    paid = gateway.pay(account_id, key="paid").json()["id"]
    with live_rules(review={"field": "amount", "operator": "is_present"}):
        held = gateway.pay(account_id).json()["id"]
    hold_resolve(transaction_id=uuid(held), resolution=Resolution.APPROVED, actor="rita", now=timezone.now())
    gateway.post(f"transactions/{paid}/reversals", {"amount": "1.00"})
    gateway.post("labels", {"transaction_id": paid, "label": "legitimate", "source": "customer"})
    gateway.post("score", {"items": [purchase(account_id)]})
    gateway.loop.run(predictions_finish())
    gateway.loop.run(decision_times_finish())
    return account_id, paid, held
