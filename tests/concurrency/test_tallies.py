"""Counting while payments are being written: none is lost, none is counted twice."""

import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from ledger.selectors import settled
from rules.domain.definitions import RuleDraft
from rules.models import Rule, RuleDay, TallyMark
from rules.services.rules import rule_save
from rules.services.tallies import tallies_count
from sentinel.core.outcomes import Action
from tests.factories import make_account, make_client, make_payment
from tests.rules.examples import FOREIGN_HIGH_AMOUNT

WRITERS, PAYMENTS, COUNTERS = 4, 12, 2


@pytest.fixture
def version(committed, monkeypatch):
    """A version of its own, and a short margin: its payments wait in their transactions for longer than that."""
    monkeypatch.setattr(settled, "MARGIN", timedelta(milliseconds=20))
    # Another test may have counted up to a moment that is still to come.
    TallyMark.objects.filter(counted_until__gt=timezone.now()).update(counted_until=timezone.now())
    code = f"counted_{uuid4().hex[:6]}"
    draft = RuleDraft(Action.REVIEW, f"rule.{code}", "Counted", FOREIGN_HIGH_AMOUNT)
    return rule_save(actor="ana", rule=Rule(code=code, name=code), draft=draft, now=timezone.now())


def in_threads(*works) -> list[threading.Thread]:
    def run(work):
        try:
            work()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    return threads


def test_late_commits_and_two_counters_lose_and_double_nothing(version):
    client, is_done = make_client(), threading.Event()
    accounts = [make_account(f"acc_{uuid4().hex[:8]}") for _ in range(WRITERS)]

    def write(account):
        for place in range(PAYMENTS):
            with transaction.atomic():
                make_payment(account, client, amount_minor=1, verdict_changes={"rule_hits": (version.pk,)})
                time.sleep(0.05 * (place % 3))  # later payments of the others are committed meanwhile

    def count():
        while not is_done.is_set():
            tallies_count(now=timezone.now())

    counters = in_threads(*[count] * COUNTERS)
    for writer in in_threads(*[lambda account=account: write(account) for account in accounts]):
        writer.join(60)
    is_done.set()
    for counter in counters:
        counter.join(60)
    tallies_count(now=timezone.now() + settled.MARGIN)

    assert RuleDay.objects.get(version=version).hits == WRITERS * PAYMENTS


def test_a_payment_that_is_being_written_is_waited_for(version):
    account, client = make_account(f"acc_{uuid4().hex[:8]}"), make_client()
    tallies_count(now=timezone.now())
    is_written, may_commit = threading.Event(), threading.Event()

    def write():
        with transaction.atomic():
            make_payment(account, client, amount_minor=1, verdict_changes={"rule_hits": (version.pk,)})
            is_written.set()
            may_commit.wait(30)

    (writer,) = in_threads(write)
    assert is_written.wait(30)
    counted_until = TallyMark.objects.get(name="decisions").counted_until
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settled, "_PATIENCE_SECONDS", 0.2)
        tallies_count(now=timezone.now() + timedelta(seconds=1))
    assert TallyMark.objects.get(name="decisions").counted_until == counted_until

    may_commit.set()
    writer.join(30)
    tallies_count(now=timezone.now() + timedelta(seconds=1))
    assert RuleDay.objects.get(version=version).hits == 1
    assert connection.in_atomic_block is False
