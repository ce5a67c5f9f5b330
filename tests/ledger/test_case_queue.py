"""Pages of the queue: in order, by keyset, with all that a row shows, in one query."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import Case
from ledger.selectors.cases import COUNT_MAX, CaseFilter, Tab, cases_counts, cases_page
from ledger.services.cases.assigning import case_assign
from ledger.services.cases.locking import case_lock
from ledger.services.cases.verdicts import verdict_give
from ledger.services.cases.working import case_escalate, case_snooze
from ledger.services.holds import Resolution, hold_resolve
from sentinel.core.errors import InvalidRequest
from tests.factories import RULE_HIT
from tests.ledger.cases import APPROVE, Bank, reviewer


@pytest.fixture
def bank(db):
    Case.objects.all().delete()  # of tests that keep their rows
    return Bank()


@pytest.fixture
def rita(db):
    return reviewer("rita")


def page(tab: Tab, user, **told):
    return cases_page(tab=tab, livemode=True, user_id=user.pk, **{"now": timezone.now(), **told})


def shown(tab: Tab, user, **told) -> list:
    return [row.transaction_id for row in page(tab, user, **told).rows]


def test_a_row_shows_everything_in_one_query(bank, rita, django_assert_num_queries):
    case = bank.hold(verdict_changes={"rule_hits": (7,)}, channel="mobile")
    case_assign(case_id=case.pk, assignee=rita, user=rita, now=timezone.now())
    case_lock(case_id=case.pk, user=rita, now=timezone.now())

    with django_assert_num_queries(1):
        (row,) = page(Tab.OPEN, rita).rows
    assert (row.amount_minor, row.currency, row.score_percentile) == (5400, "INR", 0.9968)
    assert (row.merchant_name, row.location_country, row.home_country) == ("Corner Books", "FR", "IN")
    assert (row.channel, row.assignee, row.locked_by, row.pending_verdict) == ("mobile", "rita", "rita", None)
    assert (row.rule_hits, [reason["code"] for reason in row.reasons]) == ([7], [RULE_HIT.code])
    assert (row.due_at - row.opened_at, row.rank) == (timedelta(minutes=60), case.rank)


def test_each_tab_has_its_own(bank, rita):
    now = timezone.now()
    free, mine, escalated, asleep, decided = (bank.hold() for _ in range(5))
    case_assign(case_id=mine.pk, assignee=rita, user=rita, now=now)
    case_escalate(case_id=escalated.pk, user=rita, now=now)
    case_snooze(case_id=asleep.pk, user=rita, until=now + timedelta(hours=1), now=now)
    hold_resolve(transaction_id=decided.pk, resolution=Resolution.APPROVED, actor="olga", now=now)

    assert set(shown(Tab.OPEN, rita)) == {free.pk, mine.pk}
    assert set(shown(Tab.MINE, rita)) == {mine.pk, asleep.pk}
    assert shown(Tab.ESCALATED, rita) == [escalated.pk]
    assert shown(Tab.SNOOZED, rita) == [asleep.pk]
    assert shown(Tab.DECIDED, rita) == [decided.pk]
    assert cases_counts(livemode=True, user_id=rita.pk) == {
        Tab.OPEN: 2,
        Tab.MINE: 2,
        Tab.ESCALATED: 1,
        Tab.SNOOZED: 1,
    }
    assert set(cases_counts(livemode=False, user_id=rita.pk).values()) == {0}


@pytest.mark.parametrize("tab", [Tab.OPEN, Tab.DECIDED])
def test_pages_follow_each_other_without_gaps_or_repeats(bank, rita, tab):
    now = timezone.now()
    cases = [bank.hold(amount_minor=100 * (1 + place % 3), now=now) for place in range(7)]
    if tab is Tab.DECIDED:
        for case in cases:
            hold_resolve(transaction_id=case.pk, resolution=Resolution.DECLINED, actor="olga", now=now)
    seen: list = []
    cursor = None
    for _ in range(4):
        found = page(tab, rita, limit=2, cursor=cursor)
        seen, cursor = seen + [row.transaction_id for row in found.rows], found.cursor

    assert cursor is None
    assert seen == shown(tab, rita)
    assert set(seen) == {case.pk for case in cases}


def test_the_page_is_narrowed(bank, rita):
    small, large = bank.hold(amount_minor=100), bank.hold(amount_minor=9_000_00)
    other = Bank().hold(verdict_changes={"score_percentile": 0.1})

    assert shown(Tab.OPEN, rita, narrowed=CaseFilter(amount_minor_least=9_000_00)) == [large.pk]
    assert shown(Tab.OPEN, rita, narrowed=CaseFilter(account_id=other.account_id, kind="hold")) == [other.pk]
    assert shown(Tab.OPEN, rita, narrowed=CaseFilter(kind="sample")) == []
    late = timezone.now() + timedelta(minutes=61)
    assert set(shown(Tab.OPEN, rita, now=late, narrowed=CaseFilter(is_overdue=True))) == {small.pk, large.pk}


def test_a_verdict_that_waits_is_shown(bank, rita):
    case = bank.hold()
    verdict_give(case_id=case.pk, given=APPROVE, user=rita, now=timezone.now())

    (row,) = page(Tab.OPEN, rita).rows
    assert (row.pending_verdict, row.pending_by, row.pending_error) == ("approve", "rita", "")


def test_counting_stops_after_a_hundred(bank, rita):
    for _ in range(COUNT_MAX + 3):
        bank.hold(amount_minor=1)

    assert cases_counts(livemode=True, user_id=rita.pk)[Tab.OPEN] == COUNT_MAX + 1


@pytest.mark.parametrize("cursor", ["", "x", "1.5~x", "2026-01-31T12:00:00+00:00~0192f0c1a2b37c4d8e9f0a1b2c3d4e5f"])
def test_a_cursor_of_another_making_is_refused(bank, rita, cursor):
    with pytest.raises(InvalidRequest) as refused:
        page(Tab.OPEN, rita, cursor=cursor)
    assert [error.field for error in refused.value.errors] == ["cursor"]
