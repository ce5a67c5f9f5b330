"""Features computed afterwards are those that the payments were decided on."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from ledger.models import Decision, Transaction
from scoring.services.backfill import features_at
from sentinel.core.catalogue import PACKED_FIELDS, pack, unpack
from sentinel.core.ids import uuid7

START = datetime(2026, 1, 5, 3, 30, tzinfo=UTC)


def pay(gateway, account_id, minutes, **fields):
    moment = START + timedelta(minutes=minutes)
    response = gateway.pay(account_id, occurred_at=moment.isoformat(), **fields)
    assert response.status_code == 201, response.text


def paid(gateway) -> dict[str, str]:
    """Two accounts that share a card, a device and an address of their own; one payment is backdated."""
    name = uuid4().hex[:8]
    alice, bob = gateway.open_account("100000.00"), gateway.open_account("100000.00")
    place = {
        "card": {"token": f"tok_{name}"},
        "device": {"id": f"dev_{name}", "ip": "203.0.113.77"},
        "merchant": {"id": f"m_{name}"},
        "metadata": {"email": "Alice@Example.COM"},
    }
    for minutes, account_id in enumerate((alice, bob, alice, alice)):
        pay(gateway, account_id, minutes * 20, **place)
    pay(gateway, alice, 30, **place)
    pay(gateway, bob, 90, **place)
    return {"alice": alice, "bob": bob}


def test_features_computed_afterwards_are_those_of_the_decision(gateway):
    accounts = paid(gateway)
    chosen = Transaction.objects.filter(account_id__in=accounts.values()).values_list("id", flat=True)

    found = dict(features_at(list(chosen)))

    assert found.keys() == set(chosen)
    for transaction_id, values in found.items():
        stored = unpack(bytes(Decision.objects.get(pk=transaction_id).snapshot))
        computed = unpack(pack(values))
        # The address is everybody's in these tests, and this process had others to look after.
        differing = {name for name in stored if stored[name] != computed[name]}
        assert not differing, {name: (stored[name], computed[name]) for name in differing}
        assert len(stored) == len(PACKED_FIELDS)


def test_payments_that_are_not_in_the_record_are_left_out(gateway):
    account_id = gateway.open_account()
    pay(gateway, account_id, 0)
    known = Transaction.objects.get(account_id=account_id).id

    assert [each for each, _ in features_at([uuid7(), known])] == [known]
    assert list(features_at([])) == []
