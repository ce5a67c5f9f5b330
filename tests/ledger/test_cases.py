"""Cases are there with what they are about, and are worked by one person at a time."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from ledger.errors import CaseTaken, CaseUnknown, TransactionUnknown
from ledger.models import AuditEntry, BankEvent, Case, CaseNote, SampledReview
from ledger.services.cases.assigning import case_assign, cases_auto_assign
from ledger.services.cases.locking import case_lock, case_next, case_release
from ledger.services.cases.upkeep import cases_overdue_tell, cases_wake
from ledger.services.cases.working import case_escalate, case_note_add, case_open, case_snooze
from ledger.services.holds import Resolution, hold_resolve
from ledger.services.review_terms import Terms, review_terms_set
from ledger.services.sampling import sample_decide
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import uuid7
from tests.factories import make_account, make_client, make_payment
from tests.ledger.cases import Bank, reviewer

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def bank(db):
    Case.objects.filter(decided_at=None).delete()  # of tests that keep their rows
    return Bank()


@pytest.fixture
def rita(db):
    return reviewer("rita")


@pytest.fixture
def sam(db):
    return reviewer("sam")


def take(user, **told) -> Case | None:
    return case_next(user=user, livemode=True, **{"now": timezone.now(), **told})


def test_a_held_payment_has_a_case_and_others_have_none(bank):
    case = bank.hold(amount_minor=5400)
    bank.approved()

    assert Case.objects.get(account=bank.account) == case
    assert (case.kind, case.amount_minor, case.currency, case.livemode) == ("hold", 5400, "INR", True)
    assert (case.score_percentile, case.due_at - case.opened_at) == (0.9968, timedelta(minutes=60))


@pytest.mark.parametrize(
    ("resolution", "verdict"),
    [("approved", "approve"), ("declined", "decline"), ("expired", "expired"), ("voided", "voided")],
)
def test_a_case_ends_with_its_hold(bank, rita, resolution, verdict):
    case = bank.hold()
    case_snooze(case_id=case.pk, user=rita, until=timezone.now() + timedelta(hours=1), now=timezone.now())
    now = timezone.now()
    hold_resolve(transaction_id=case.pk, resolution=Resolution(resolution), actor="olga", now=now)

    case.refresh_from_db()
    assert (case.verdict, case.decided_by, case.decided_at, case.snoozed_until) == (verdict, "olga", now, None)


def test_a_case_begins_and_ends_with_a_sample(bank):
    payment, now = bank.approved(), timezone.now()
    told = {"per_mille": 1, "inclusion_probability": 0.001, "chosen_at": now}
    SampledReview.objects.create(transaction=payment, account=bank.account, **told)
    assert Case.objects.get(pk=payment.pk).kind == "sample"

    sample_decide(transaction_id=payment.pk, is_fraud=True, actor="ravi", now=now)
    case = Case.objects.get(pk=payment.pk)
    assert (case.verdict, case.decided_by) == ("fraud", "ravi")


def test_the_next_case_is_the_one_with_most_at_stake(bank, rita):
    bank.hold(amount_minor=1_00)
    large = bank.hold(amount_minor=5_000_00)

    assert take(rita) == large
    large.refresh_from_db()
    assert large.locked_by == rita


def test_two_people_never_get_the_same_case(bank, rita, sam):
    cases = {bank.hold().pk, bank.hold().pk}

    assert {each.pk for each in (take(rita), take(sam)) if each} == cases
    assert take(reviewer()) is None


def test_a_lock_ends_by_its_time_or_is_given_back(bank, rita, sam):
    case, now = bank.hold(), timezone.now()
    case_lock(case_id=case.pk, user=rita, now=now)
    with pytest.raises(CaseTaken, match="rita has this case open"):
        case_lock(case_id=case.pk, user=sam, now=now)
    assert not case_release(case_id=case.pk, user=sam)

    assert case_lock(case_id=case.pk, user=sam, now=now + timedelta(minutes=11)).locked_by == sam
    assert case_release(case_id=case.pk, user=sam)
    assert take(rita) == case


def test_next_passes_over_what_is_not_for_the_reviewer(bank, rita, sam):
    now = timezone.now()
    mine, others, escalated, asleep = (bank.hold() for _ in range(4))
    case_assign(case_id=mine.pk, assignee=rita, user=sam, now=now)
    case_assign(case_id=others.pk, assignee=sam, user=sam, now=now)
    case_escalate(case_id=escalated.pk, user=sam, now=now)
    case_snooze(case_id=asleep.pk, user=rita, until=now + timedelta(hours=1), now=now)
    Case.objects.filter(pk=mine.pk).update(rank=0)

    assert take(rita) == mine
    assert take(rita, passed=[mine.pk]) is None
    assert case_next(user=rita, livemode=False, now=now) is None


def test_cases_are_given_fairly_and_within_the_cap(bank, rita, sam):
    now = timezone.now()
    review_terms_set(terms=Terms(60, 0.9, 60, open_cap_per_reviewer=3), actor="olivia", now=now)
    cases = [bank.hold() for _ in range(7)]
    case_assign(case_id=cases[0].pk, assignee=rita, user=sam, now=now)
    case_lock(case_id=cases[1].pk, user=sam, now=now)

    assert cases_auto_assign(reviewers=[rita, sam], livemode=True, actor="olivia", now=now) == 5
    assert [Case.objects.filter(assignee=each).count() for each in (rita, sam)] == [3, 3]
    assert cases_auto_assign(reviewers=[rita, sam], livemode=True, actor="olivia", now=now) == 0
    assert Case.objects.get(pk=cases[1].pk).assignee is None
    assert BankEvent.objects.filter(type="case.assigned", payload__account_id=bank.account.pk).count() == 6


def test_an_escalated_case_is_nobodys_and_says_who_sent_it_up(bank, rita):
    case, now = bank.hold(), timezone.now()
    case_assign(case_id=case.pk, assignee=rita, user=rita, now=now)
    case_escalate(case_id=case.pk, user=rita, note="looks like a ring", now=now)

    case.refresh_from_db()
    assert (case.escalated_by, case.escalated_at, case.assignee) == ("rita", now, None)
    assert CaseNote.objects.get(case=case).text == "looks like a ring"
    assert BankEvent.objects.filter(type="case.escalated", subject=case.transaction.public_id).count() == 1


def test_a_snoozed_case_wakes_up_in_time(bank, rita):
    case, now = bank.hold(), timezone.now()
    case_snooze(case_id=case.pk, user=rita, until=now + timedelta(hours=1), now=now)

    assert cases_wake(now=now + timedelta(minutes=59)) == 0
    assert cases_wake(now=now + timedelta(hours=1)) == 1
    assert take(rita) == case


def test_a_snoozed_case_wakes_up_when_its_account_pays(bank, rita):
    case, now = bank.hold(), timezone.now()
    case_snooze(case_id=case.pk, user=rita, until=now + timedelta(days=1), or_on_activity=True, now=now)
    assert cases_wake(now=now) == 0

    bank.approved()
    assert cases_wake(now=now) == 1
    case.refresh_from_db()
    assert (case.snoozed_until, case.wakes_after_seq, case.assignee) == (None, None, rita)


@pytest.mark.parametrize("days", [-1, 0, 31])
def test_a_case_is_not_snoozed_into_the_past_or_for_ever(bank, rita, days):
    case, now = bank.hold(), timezone.now()
    with pytest.raises(InvalidRequest) as refused:
        case_snooze(case_id=case.pk, user=rita, until=now + timedelta(days=days), now=now)

    assert [error.field for error in refused.value.errors] == ["until"]
    assert Case.objects.get(pk=case.pk).snoozed_until is None


def test_any_payment_can_be_opened_and_opened_again_once_decided(bank, rita):
    payment, case, now = bank.approved(), bank.hold(), timezone.now()

    assert case_open(transaction_id=payment.pk, actor="rita", now=now).kind == "opened"
    with pytest.raises(CaseTaken, match="open already"):
        case_open(transaction_id=case.pk, actor="rita", now=now)
    hold_resolve(transaction_id=case.pk, resolution=Resolution.APPROVED, actor="olga", now=now)
    again = case_open(transaction_id=case.pk, actor="rita", now=now)

    assert (again.kind, again.decided_at, again.verdict) == ("opened", None, "")
    assert BankEvent.objects.filter(type="case.opened", payload__account_id=bank.account.pk).count() == 2
    with pytest.raises(TransactionUnknown):
        case_open(transaction_id=uuid7(), actor="rita", now=now)


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001, "card 4111 1111 1111 1111"])
def test_notes_that_are_empty_long_or_hold_a_card_number_are_refused(bank, text):
    case = bank.hold()
    with pytest.raises(InvalidRequest) as refused:
        case_note_add(case_id=case.pk, author="rita", text=text, now=timezone.now())

    assert [error.field for error in refused.value.errors] == ["note"]
    assert not CaseNote.objects.filter(case=case).exists()


def test_an_escalation_with_a_card_number_changes_nothing(bank, rita):
    case = bank.hold()
    with pytest.raises(InvalidRequest):
        case_escalate(case_id=case.pk, user=rita, note="card 4111 1111 1111 1111", now=timezone.now())

    assert Case.objects.get(pk=case.pk).escalated_at is None
    assert not AuditEntry.objects.filter(action="case.escalated", subject=case.transaction.public_id).exists()


def test_there_is_no_case_of_a_payment_that_never_was(rita):
    with pytest.raises(CaseUnknown):
        case_lock(case_id=uuid7(), user=rita, now=timezone.now())


def test_overdue_cases_are_told_of_once(bank):
    case, _ = bank.hold(), bank.hold(verdict_changes={"score_percentile": 0.1})
    late = timezone.now() + timedelta(minutes=61)

    assert (cases_overdue_tell(now=late), cases_overdue_tell(now=late)) == (1, 0)
    told = BankEvent.objects.get(type="case.overdue", payload__account_id=bank.account.pk)
    assert told.subject == case.transaction.public_id
    assert BankEvent.objects.filter(type="system.alert", subject="cases").latest("id").payload == {
        "kind": "case.overdue",
        "words": "1 case is past the time to be decided.",
        "cases": 1,
    }


def test_of_cases_of_test_payments_nobody_is_told(bank, rita):
    account, now = make_account(f"acc_{uuid4().hex[:10]}", livemode=False), timezone.now()
    payment = make_payment(account, make_client(livemode=False))
    before = BankEvent.objects.count()
    case_open(transaction_id=payment.pk, actor="rita", now=now)
    case_assign(case_id=payment.pk, assignee=rita, user=rita, now=now)

    assert cases_overdue_tell(now=now + timedelta(days=365)) == 1
    assert cases_overdue_tell(now=now + timedelta(days=365)) == 0
    assert BankEvent.objects.count() == before


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "approve"},
        {"decided_at": timezone.now()},
        {"escalated_by": "rita"},
        {"wakes_after_seq": 1},
        {"kind": "other"},
        {"decided_at": timezone.now(), "decided_by": "rita", "verdict": "fraud"},
    ],
)
def test_the_database_keeps_halves_out(bank, change):
    case = bank.hold()
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.filter(pk=case.pk).update(**change)


def test_notes_stay_as_they_are(bank):
    case = bank.hold()
    case_note_add(case_id=case.pk, author="rita", text="called", now=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        CaseNote.objects.filter(case=case).update(text="never called")
