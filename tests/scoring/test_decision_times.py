"""Web processes count how long they took to decide, and nobody's payment waits for that."""

from django.db.models import Sum

from ledger.models import DecisionTime
from scoring.services import decision_times
from scoring.services.decision_times import decision_times_finish
from sentinel.core.errors import Unavailable


def counted(livemode: bool = True) -> int:
    return DecisionTime.objects.filter(livemode=livemode).aggregate(sum=Sum("payments"))["sum"] or 0


def test_each_decided_payment_is_counted_once(gateway):
    gateway.loop.run(decision_times_finish())
    before, account_id = counted(), gateway.open_account()

    gateway.pay(account_id, key="one")
    gateway.pay(account_id, key="one")  # answered again
    gateway.pay(account_id, amount="no amount")  # refused
    gateway.pay(account_id, key="two")
    assert counted() == before
    gateway.loop.run(decision_times_finish())

    assert counted() == before + 2
    gateway.loop.run(decision_times_finish())
    assert counted() == before + 2


def test_test_payments_are_counted_apart(new_gateway):
    tester = new_gateway(livemode=False)
    tester.loop.run(decision_times_finish())
    live, test = counted(), counted(livemode=False)

    tester.pay(tester.open_account())
    tester.loop.run(decision_times_finish())

    assert (counted(), counted(livemode=False)) == (live, test + 1)


def test_without_the_database_counts_are_lost_and_that_is_said(gateway, monkeypatch, caplog):
    gateway.pay(gateway.open_account())
    before = counted()

    def away():
        raise Unavailable

    monkeypatch.setattr(decision_times, "reading", away)
    gateway.loop.run(decision_times_finish())

    assert counted() == before
    assert "are lost" in caplog.text
