"""Which cases are like one: for one verdict that does for all."""

import pytest
from django.utils import timezone

from ledger.domain.decisions import Reason
from ledger.models import Case, PendingVerdict
from ledger.selectors import similar_cases
from ledger.selectors.similar_cases import cases_alike
from ledger.services.cases.assigning import case_assign
from ledger.services.cases.locking import case_lock
from ledger.services.cases.verdicts import verdict_give
from ledger.services.cases.working import case_escalate, case_open
from ledger.services.holds import Resolution, hold_resolve
from tests.ledger.cases import APPROVE, Bank, reviewer

OTHER = Reason("policy.score", "Higher than the threshold", "policy")


@pytest.fixture
def bank(db):
    PendingVerdict.objects.all().delete()  # of tests that keep their rows
    Case.objects.filter(decided_at=None).update(escalated_at=timezone.now(), escalated_by="tests")
    return Bank()


@pytest.fixture
def rita(db):
    return reviewer("rita")


def hit(*versions: int) -> dict:
    return {"verdict_changes": {"rule_hits": versions}}


def alike(case, user) -> list:
    return cases_alike(case=case, user=user, now=timezone.now())


def test_the_rule_that_hit_first_makes_them_alike(bank, rita):
    case, same, also, _ = bank.hold(**hit(7, 8)), bank.hold(**hit(7)), Bank().hold(**hit(9, 7)), bank.hold(**hit(8))

    assert alike(case, rita)[0] == case.pk
    assert set(alike(case, rita)) == {case.pk, same.pk, also.pk}


def test_without_a_hit_their_first_reason_does(bank, rita):
    case, same = bank.hold(), bank.hold()
    bank.hold(verdict_changes={"reasons": (OTHER,)})
    bank.hold(**hit(7))

    assert alike(case, rita) == [case.pk, same.pk]


def test_the_best_come_first_and_the_case_itself_before_them(bank, rita):
    case, small, large = (bank.hold(amount_minor=amount) for amount in (100, 200, 900_000))
    assert alike(case, rita) == [case.pk, large.pk, small.pk]


def test_those_that_the_user_could_not_decide_now_are_left_out(bank, rita):
    case, locked, assigned, escalated, pending, decided = (bank.hold() for _ in range(6))
    sam, now = reviewer("sam"), timezone.now()
    case_lock(case_id=locked.pk, user=sam, now=now)
    case_assign(case_id=assigned.pk, assignee=sam, user=sam, now=now)
    case_escalate(case_id=escalated.pk, user=sam, now=now)
    verdict_give(case_id=pending.pk, given=APPROVE, user=sam, now=now)
    hold_resolve(transaction_id=decided.pk, resolution=Resolution.APPROVED, actor="sam", now=now)
    opened = case_open(transaction_id=bank.approved().pk, actor="sam", now=now)

    assert alike(case, rita) == [case.pk]
    assert set(alike(case, sam)) == {case.pk, locked.pk, assigned.pk}
    assert alike(opened, rita) == [opened.pk]


def test_a_decided_case_is_like_none(bank, rita):
    case = bank.hold()
    hold_resolve(transaction_id=case.pk, resolution=Resolution.APPROVED, actor="sam", now=timezone.now())
    case.refresh_from_db()

    assert alike(case, rita) == []


def test_of_many_only_the_first_are_looked_at_and_shown(bank, rita, monkeypatch, django_assert_num_queries):
    cases = [bank.hold(amount_minor=1000 - each) for each in range(6)]
    monkeypatch.setattr(similar_cases, "LOOKED_AT_MAX", 4)
    with django_assert_num_queries(2):
        assert alike(cases[5], rita) == [cases[5].pk, *(case.pk for case in cases[:4])]
    monkeypatch.setattr(similar_cases, "ALIKE_MAX", 3)
    assert len(alike(cases[5], rita)) == 3
