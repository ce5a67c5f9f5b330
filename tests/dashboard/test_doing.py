"""What is done with a case besides deciding it, and who may."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import AuditEntry, Case, CaseNote, PendingVerdict
from ledger.services.cases.locking import case_lock
from ledger.services.cases.verdicts import verdict_give
from tests.dashboard.people import MANAGES, WORKS, Person
from tests.factories import make_client
from tests.ledger.cases import APPROVE, Bank, reviewer

QUEUE = reverse("admin:queue")
NEXT, SHARE = reverse("admin:case_next"), reverse("admin:cases_share_out")


@pytest.fixture
def bank(db):
    PendingVerdict.objects.all().delete()  # of tests that keep their rows
    Case.objects.filter(decided_at=None).update(escalated_at=timezone.now(), escalated_by="tests")
    return Bank()


@pytest.fixture
def rita(db):
    return Person("rita", *WORKS)


@pytest.fixture
def mona(db):
    return Person("mona", *MANAGES)


def url(name: str, case) -> str:
    return reverse(f"admin:{name}", args=[case.pk])


def again(case) -> Case:
    return Case.objects.get(pk=case.pk)


def is_at(answer, case) -> bool:
    return answer.url.partition("?")[0] == url("case", case)


def test_next_locks_the_best_case(bank, rita):
    bank.hold(amount_minor=100)
    best = bank.hold(amount_minor=900_000)

    assert is_at(rita.post(NEXT), best)
    assert again(best).locked_by == rita.user


def test_next_passes_over_the_one_it_leaves_and_gives_it_back(bank, rita):
    best, second, third = bank.hold(amount_minor=900_000), bank.hold(amount_minor=9_000), bank.hold(amount_minor=90)
    rita.post(NEXT)
    answer = rita.post(NEXT, passed=f",{best.pk.hex}")
    assert is_at(answer, second)
    assert again(best).locked_by is None

    page = rita.get(answer.url).content.decode()
    assert f"{best.pk.hex},{second.pk.hex}" in page
    assert is_at(rita.post(NEXT, passed=f"{best.pk.hex},{second.pk.hex}"), third)


def test_with_none_left_the_queue_says_so(bank, rita):
    assert rita.post(NEXT).url == QUEUE
    assert "No case is left that waits for you." in rita.told()


def test_test_money_has_a_queue_of_its_own(bank, rita):
    bank.hold()
    tests = Bank(livemode=False)
    tests.client = make_client(livemode=False)
    case = tests.hold()

    assert is_at(rita.post(NEXT, mode="test"), case)


def test_a_lock_is_taken_and_given_back(bank, rita):
    case = bank.hold()
    assert rita.post(url("case_lock", case)).url == url("case", case)
    assert again(case).locked_by == rita.user
    rita.post(url("case_release", case))

    assert again(case).locked_by is None
    assert "The case is anybody's again." in rita.told()


def test_it_becomes_ones_own_work(bank, rita):
    case = bank.hold()
    rita.post(url("case_assign", case), assignee="me")

    assert again(case).assignee == rita.user
    assert "Assigned to you." in rita.told()


def test_whoever_manages_assigns_to_others_and_to_nobody(bank, rita, mona):
    case = bank.hold()
    assert f'<option value="{rita.user.pk}">rita</option>' in mona.get(url("case", case)).content.decode()
    mona.post(url("case_assign", case), assignee=rita.user.pk)
    assert again(case).assignee == rita.user
    mona.post(url("case_assign", case), assignee="nobody")

    assert again(case).assignee is None
    assert "Assigned to rita. Assigned to nobody." in mona.told()


def test_others_do_not(bank, rita, mona):
    case = bank.hold()
    assert "Assign to somebody" not in rita.get(url("case", case)).content.decode()
    for assignee in (mona.user.pk, "nobody", ""):
        assert rita.post(url("case_assign", case), assignee=assignee).status_code == 403

    assert again(case).assignee is None


@pytest.mark.parametrize("asked", ["", "0", "somebody", "onlooker"])
def test_only_people_who_work_cases_get_them(bank, mona, asked):
    case, onlooker = bank.hold(), Person("otto", "ledger.view_case")
    answer = mona.post(url("case_assign", case), assignee=onlooker.user.pk if asked == "onlooker" else asked)

    assert answer.status_code == 200
    assert "Choose somebody who may work cases." in answer.content.decode()
    assert again(case).assignee is None


def test_cases_are_shared_out_evenly(bank, rita, mona):
    for _ in range(6):
        bank.hold()
    sam = Person("sam", *WORKS)
    Person("idle", "ledger.view_case")
    mona.post(SHARE)

    counts = [Case.objects.filter(assignee=each.user, decided_at=None).count() for each in (rita, mona, sam)]
    assert counts == [2, 2, 2]
    assert "6 cases shared out among 3 people." in mona.told()
    mona.post(SHARE)
    assert "Nothing was shared out" in mona.told()


def test_with_nobody_to_share_with_that_is_said(bank, db):
    boss = Person("boss", "ledger.manage_case", "ledger.view_case")
    case = bank.hold()
    boss.post(SHARE)

    assert "Nobody may work cases" in boss.told()
    assert again(case).assignee is None


def test_sharing_out_is_for_whoever_manages(bank, rita):
    case = bank.hold()
    assert rita.post(SHARE).status_code == 403
    assert again(case).assignee is None


def test_escalated_with_a_note_it_leads_to_the_next(bank, rita):
    case, other = bank.hold(amount_minor=900_000), bank.hold(amount_minor=100)
    answer = rita.post(url("case_escalate", case), note="Looks like a mule")

    assert is_at(answer, other)
    assert again(case).escalated_by == "rita"
    assert CaseNote.objects.get(case=case).text == "Looks like a mule"


@pytest.mark.parametrize(("until", "hours"), [("1h", 1), ("4h", 4)])
def test_snoozed_for_some_hours(bank, rita, until, hours):
    case = bank.hold()
    rita.post(url("case_snooze", case), until=until)

    snoozed, least = again(case), timezone.now() + timedelta(hours=hours, minutes=-1)
    assert snoozed.snoozed_until
    assert least < snoozed.snoozed_until <= least + timedelta(minutes=1)
    assert snoozed.wakes_after_seq is None


def test_snoozed_until_tomorrow_or_the_next_payment(bank, rita):
    case = bank.hold()
    rita.post(url("case_snooze", case), until="tomorrow", or_on_activity="yes")

    snoozed = again(case)
    tomorrow = (timezone.now() + timedelta(days=1)).date()
    assert snoozed.snoozed_until == datetime.combine(tomorrow, time(9), UTC)
    assert snoozed.wakes_after_seq is not None
    assert "or the next payment." in rita.told()


def test_snoozed_until_a_moment(bank, rita):
    case, moment = bank.hold(), (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    rita.post(url("case_snooze", case), until="moment", moment=moment)

    assert again(case).snoozed_until == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose how long."),
        ({"until": "soon"}, "Choose how long."),
        ({"until": "moment", "moment": ""}, "Choose the moment"),
        ({"until": "moment", "moment": "2020-01-01T00:00"}, "Choose a moment within the next 30 days."),
        ({"until": "moment", "moment": "2999-01-01T00:00"}, "Choose a moment within the next 30 days."),
    ],
)
def test_a_snooze_that_does_not_fit_is_refused_in_words(bank, rita, sent, words):
    case = bank.hold()
    answer = rita.post(url("case_snooze", case), **sent)

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert again(case).snoozed_until is None


def test_a_note_is_added(bank, rita):
    case = bank.hold()
    assert rita.post(url("case_note", case), note="Called twice").url == url("case", case)
    assert CaseNote.objects.get(case=case).author == "rita"


@pytest.mark.parametrize("note", ["", "   ", "x" * 2001, "card 4111 1111 1111 1111"])
def test_a_note_that_does_not_fit_is_kept_in_its_field_only(bank, rita, note):
    case = bank.hold()
    answer = rita.post(url("case_note", case), note=note)

    assert answer.status_code == 200
    assert f"{note}</textarea>" in answer.content.decode()
    assert not CaseNote.objects.exists()


@pytest.mark.parametrize("name", ["case_lock", "case_assign", "case_escalate", "case_snooze"])
def test_what_somebody_else_has_open_stays_theirs(bank, rita, name):
    case = bank.hold()
    case_lock(case_id=case.pk, user=reviewer("sam"), now=timezone.now())
    answer = rita.post(url(name, case), until="1h", assignee="me")

    assert answer.status_code == 200
    assert "sam has this case open." in answer.content.decode()
    assert not AuditEntry.objects.filter(subject=case.transaction.public_id).exists()


def test_any_payment_is_opened_as_a_case_once(bank, rita):
    payment = bank.approved()
    opens = reverse("admin:case_open", args=[payment.pk])
    assert rita.post(opens).url == reverse("admin:case", args=[payment.pk])
    assert Case.objects.get(pk=payment.pk).kind == "opened"
    rita.post(opens)

    assert "This payment's case is open already." in rita.told()


def test_a_payment_that_is_not_there_is_not_opened(bank, rita):
    unknown = reverse("admin:case_open", args=["00000000-0000-7000-8000-000000000000"])
    assert rita.post(unknown).status_code == 404


NAMES = ("case_lock", "case_release", "case_assign", "case_escalate", "case_snooze", "case_note", "case_open")


@pytest.mark.parametrize("name", NAMES)
def test_each_of_it_takes_the_permission_and_a_post(bank, rita, name):
    case, onlooker = bank.hold(), Person("otto", "ledger.view_case")

    assert onlooker.post(url(name, case), note="x", until="1h", assignee="me").status_code == 403
    assert rita.get(url(name, case)).url == url("case", case)
    assert (again(case).locked_by, again(case).assignee, again(case).snoozed_until) == (None, None, None)


@pytest.mark.parametrize("address", [NEXT, SHARE])
def test_so_do_those_without_a_case(bank, mona, address):
    bank.hold()
    assert Person("otto", "ledger.view_case").post(address).status_code == 403
    assert mona.get(address).url == QUEUE
    assert not Case.objects.filter(assignee__isnull=False, decided_at=None, account=bank.account).exists()


class TestThePaymentsPage:
    SEES = ("ledger.view_transaction",)

    def page(self, person, payment) -> str:
        return person.get(reverse("admin:ledger_transaction_change", args=[payment.pk])).content.decode()

    def test_offers_to_open_a_case(self, bank):
        rita, payment = Person("rita", *WORKS, *self.SEES), bank.approved()
        assert "Open it as a case" in self.page(rita, payment)
        rita.post(reverse("admin:case_open", args=[payment.pk]))
        page = self.page(rita, payment)
        assert "Open it as a case" not in page
        assert reverse("admin:case", args=[payment.pk]) in page

    def test_offers_to_open_a_decided_one_again(self, bank):
        rita, case = Person("rita", *WORKS, *self.SEES), bank.hold()
        verdict_give(case_id=case.pk, given=APPROVE, user=rita.user, now=timezone.now())
        Case.objects.filter(pk=case.pk).update(decided_at=timezone.now(), decided_by="rita", verdict="approve")
        assert "Open it again" in self.page(rita, case)

    def test_says_nothing_of_it_to_others(self, bank):
        assert "Open it as a case" not in self.page(Person("otto", *self.SEES), bank.approved())
