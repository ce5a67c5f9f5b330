"""Reviewers at once, with real threads: nobody gets what another has, and each case ends once."""

import threading
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from ledger.errors import CaseTaken, VerdictGone
from ledger.models import AccountBalance, AuditEntry, Case, HoldResolution, PendingVerdict
from ledger.services.cases.applying import verdicts_apply
from ledger.services.cases.locking import case_next
from ledger.services.cases.verdicts import verdict_give, verdict_undo, verdicts_give_together
from ledger.services.holds import Resolution, hold_resolve, holds_expire
from tests.ledger.cases import APPROVE, STOLEN, Bank, reviewer

pytestmark = [pytest.mark.concurrency, pytest.mark.usefixtures("committed")]
LATER = timedelta(seconds=11)


def at_once(*works) -> list:
    """What each of them returned or raised; they begin together."""
    start = threading.Barrier(len(works))
    came: list = [None] * len(works)

    def run(place, work):
        try:
            start.wait(30)
            came[place] = work()
        except Exception as error:
            came[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return came


@pytest.fixture
def bank():
    return Bank(opening_balance_minor=1_000_000)


def ended(account_id: str) -> Counter:
    found = HoldResolution.objects.filter(hold__account=account_id)
    return Counter(found.values_list("resolution", flat=True))


def test_reviewers_who_ask_for_the_next_case_get_different_ones(bank):
    Case.objects.filter(decided_at=None).update(snoozed_until=timezone.now() + timedelta(days=1))
    cases = {bank.hold(amount_minor=100).pk for _ in range(6)}
    people = [reviewer() for _ in range(8)]

    def ask(user):
        return lambda: case_next(user=user, livemode=True, now=timezone.now())

    got = at_once(*[ask(user) for user in people])

    assert Counter(each.pk for each in got if each) == dict.fromkeys(cases, 1)


def test_of_many_verdicts_at_once_one_wins_and_the_others_are_told(bank):
    case, people = bank.hold(amount_minor=100), [reviewer() for _ in range(6)]

    def say(user):
        given = APPROVE if user.pk % 2 else STOLEN
        return lambda: verdict_give(case_id=case.pk, given=given, user=user, now=timezone.now())

    came = at_once(*[say(user) for user in people])

    (winner,) = [each for each in came if isinstance(each, PendingVerdict)]
    told = {str(each) for each in came if isinstance(each, CaseTaken)}
    assert told == {f"{winner.actor_name} was faster: {winner.verdict}."}


def test_many_together_beside_single_ones_give_each_case_one_verdict(bank):
    cases = [bank.hold(amount_minor=100).pk for _ in range(20)]
    rita, sam = reviewer(), reviewer()

    def singly():
        for case_id in cases:
            with suppress(CaseTaken):
                verdict_give(case_id=case_id, given=APPROVE, user=sam, now=timezone.now())

    def together():
        return verdicts_give_together(case_ids=cases, given=STOLEN, user=rita, now=timezone.now())

    _, came = at_once(singly, together)
    verdicts = Counter(PendingVerdict.objects.filter(pk__in=cases).values_list("actor_name", flat=True))

    assert verdicts.total() == 20
    assert verdicts[rita.username] == len(came.given) == 20 - len(came.refused)


def test_several_loops_apply_each_verdict_once_beside_expiry_and_voids(bank):
    cases = [bank.hold(amount_minor=100, now=timezone.now() - timedelta(days=8)).pk for _ in range(24)]
    rita = reviewer()

    def expire():
        holds_expire(now=timezone.now())

    def decide():
        for case_id in cases:
            with suppress(CaseTaken):
                verdict_give(case_id=case_id, given=APPROVE, user=rita, now=timezone.now())

    def apply():
        for _ in range(8):
            verdicts_apply(now=timezone.now() + LATER)

    def void():
        for case_id in cases[::6]:
            with suppress(Exception):  # it may have ended otherwise
                hold_resolve(
                    transaction_id=case_id, resolution=Resolution.VOIDED, actor="gateway", now=timezone.now()
                )

    came = at_once(expire, decide, apply, apply, void)
    assert [each for each in came if isinstance(each, Exception)] == []
    verdicts_apply(now=timezone.now() + LATER)
    holds_expire(now=timezone.now())

    assert ended(bank.account.pk).total() == 24
    assert not PendingVerdict.objects.filter(pk__in=cases).exists()
    assert not Case.objects.filter(pk__in=cases, decided_at=None).exists()
    assert AccountBalance.objects.get(pk=bank.account.pk).held_minor == 0


def test_a_verdict_is_applied_or_taken_back_and_never_both(bank):
    rita = reviewer()
    for _ in range(6):
        case = bank.hold(amount_minor=100)
        verdict_give(case_id=case.pk, given=APPROVE, user=rita, now=timezone.now())

        undone, _ = at_once(
            lambda case=case: verdict_undo(case_id=case.pk, user=rita, now=timezone.now()),
            lambda: verdicts_apply(now=timezone.now() + LATER),
        )

        is_applied = HoldResolution.objects.filter(pk=case.pk).exists()
        assert isinstance(undone, VerdictGone) == is_applied
        taken_back = AuditEntry.objects.filter(action="verdict.undone", subject=case.transaction.public_id)
        assert taken_back.exists() is not is_applied
