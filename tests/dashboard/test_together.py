"""One verdict for many cases: chosen, or like one of them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import AuditEntry, Case, PendingVerdict
from ledger.services.cases.applying import verdicts_apply
from ledger.services.cases.locking import case_lock
from ledger.services.cases.working import case_open
from tests.dashboard.people import WORKS, Person
from tests.ledger.cases import Bank, reviewer

TOGETHER = reverse("admin:cases_together")
STOLEN = {"verdict": "decline", "reason": "card_stolen", "note": "one gang"}


@pytest.fixture
def bank(db):
    PendingVerdict.objects.all().delete()  # of tests that keep their rows
    Case.objects.filter(decided_at=None).update(escalated_at=timezone.now(), escalated_by="tests")
    return Bank()


@pytest.fixture
def rita(db):
    return Person("rita", *WORKS)


def ids(cases) -> str:
    return ",".join(case.pk.hex for case in cases)


def test_those_chosen_are_shown_with_their_money_by_currency(bank, rita):
    cases = [bank.hold(amount_minor=10_000), bank.hold(amount_minor=5_050), Bank(currency="EUR").hold()]
    page = rita.get(TOGETHER, ids=ids(cases))

    totals = [(each.currency, each.amount_minor, each.cases) for each in page.context["totals"]]
    assert totals == [("EUR", 5_400, 1), ("INR", 15_050, 2)]
    assert page.context["choices"] == [("approve", "Approve"), ("decline", "Decline")]


def test_they_are_named_one_by_one_too(bank, rita):
    cases = [bank.hold(), bank.hold()]
    page = rita.browser.get(TOGETHER, {"ids": [case.pk.hex for case in cases]})
    assert page.context["ids"] == [case.pk.hex for case in cases]


def test_31_get_one_note_and_31_audit_entries_after_a_second_question(bank, rita):
    cases = [bank.hold(amount_minor=100) for _ in range(31)]
    asked = rita.post(TOGETHER, ids=ids(cases), **STOLEN)
    assert "Decline 31 cases?" in asked.content.decode()
    assert not PendingVerdict.objects.exists()

    done = rita.post(TOGETHER, ids=ids(cases), confirmed="31", **STOLEN).content.decode()
    assert "Declined: 31 cases" in done
    assert "Undo all" in done
    assert AuditEntry.objects.filter(action="verdict.given", actor="rita", details__note="one gang").count() == 31
    assert verdicts_apply(now=timezone.now() + timedelta(seconds=11)) == 31


def test_the_answer_is_for_as_many_as_were_asked_about(bank, rita):
    cases = [bank.hold(amount_minor=100) for _ in range(21)]
    assert "Decline 21 cases?" in rita.post(TOGETHER, ids=ids(cases), confirmed="20", **STOLEN).content.decode()
    assert not PendingVerdict.objects.exists()


def test_twenty_are_not_asked_about(bank, rita):
    cases = [bank.hold(amount_minor=100) for _ in range(20)]
    assert "Declined: 20 cases" in rita.post(TOGETHER, ids=ids(cases), **STOLEN).content.decode()
    assert PendingVerdict.objects.count() == 20


def test_those_refused_are_named_with_the_reason(bank, rita):
    free, locked = bank.hold(), bank.hold()
    case_lock(case_id=locked.pk, user=reviewer("sam"), now=timezone.now())
    shown = rita.get(TOGETHER, ids=ids([free, locked])).content.decode()
    assert "sam has this case open." in shown

    done = rita.post(TOGETHER, ids=ids([free, locked]), **STOLEN).content.decode()
    assert "Declined: 1 case, 1 left alone" in done
    assert locked.transaction.public_id in done
    assert "sam has this case open." in done
    assert list(PendingVerdict.objects.values_list("pk", flat=True)) == [free.pk]


def test_all_of_it_is_taken_back_at_once_and_the_cases_are_anybodys(bank, rita):
    cases = [bank.hold(), bank.hold(), bank.hold()]
    rita.post(TOGETHER, ids=ids(cases), **STOLEN)
    assert rita.post(TOGETHER, ids=ids(cases), undo="all").url == reverse("admin:queue")

    assert "Taken back: 3 cases." in rita.told()
    assert not PendingVerdict.objects.exists()
    assert not Case.objects.filter(pk__in=[case.pk for case in cases], locked_by__isnull=False).exists()
    assert AuditEntry.objects.filter(action="verdict.undone", actor="rita").count() == 3


def test_what_was_applied_or_is_anothers_is_named_and_stays(bank, rita):
    applied, own = bank.hold(), bank.hold()
    rita.post(TOGETHER, ids=ids([applied]), **STOLEN)
    verdicts_apply(now=timezone.now() + timedelta(seconds=11))
    rita.post(TOGETHER, ids=ids([own]), **STOLEN)
    rita.post(TOGETHER, ids=ids([applied, own]), undo="all")

    assert f"1 case could not be taken back any more: {applied.transaction.public_id}." in rita.told()
    assert Case.objects.get(pk=applied.pk).verdict == "decline"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"verdict": "decline", "note": "one gang"}, "Choose a reason"),
        ({"note": "one gang"}, "Choose a verdict."),
        ({"verdict": "approve", "note": "4111 1111 1111 1111"}, "full card number"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_was_typed(bank, rita, sent, words):
    cases = [bank.hold(), bank.hold()]
    answer = rita.post(TOGETHER, ids=ids(cases), **sent)

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert f"{sent['note']}</textarea>" in answer.content.decode()
    assert not PendingVerdict.objects.exists()


def test_more_than_two_hundred_are_refused(bank, rita):
    many = ",".join(f"{number:032x}" for number in range(201))
    answer = rita.post(TOGETHER, ids=f"{many},{bank.hold().pk.hex}", verdict="approve")

    assert answer.status_code == 200
    assert not PendingVerdict.objects.exists()


def test_of_more_the_first_two_hundred_are_shown(bank, rita):
    many = ",".join(f"{number:032x}" for number in range(200))
    page = rita.get(TOGETHER, ids=f"{bank.hold().pk.hex},{many}")

    assert "At most 200 cases at once: 1 of those chosen are left out." in page.content.decode()
    assert len(page.context["ids"]) == 1


def test_none_is_said_so(bank, rita):
    assert "No case was chosen that is there." in rita.get(TOGETHER, ids="x,,1").content.decode()
    assert "No case was chosen that is there." in rita.post(TOGETHER, **STOLEN).content.decode()


def test_two_kinds_have_two_verdicts_each(bank, rita):
    opened = case_open(transaction_id=bank.approved().pk, actor="rita", now=timezone.now())
    page = rita.get(TOGETHER, ids=ids([bank.hold(), opened]))

    assert [words for _, words in page.context["choices"]] == [
        "Approve (1 held)",
        "Decline (1 held)",
        "Legitimate (1 without a hold)",
        "Fraud (1 without a hold)",
    ]


def test_without_the_permission_nothing_is_shown_or_done(bank):
    onlooker, case = Person("otto", "ledger.view_case"), bank.hold()

    assert onlooker.get(TOGETHER, ids=ids([case])).status_code == 403
    assert onlooker.post(TOGETHER, ids=ids([case]), **STOLEN).status_code == 403
    assert not PendingVerdict.objects.exists()


def test_those_like_one_are_offered_on_its_page(bank, rita):
    cases = [bank.hold(verdict_changes={"rule_hits": (7, 8)}) for _ in range(3)]
    page = rita.get(reverse("admin:case", args=[cases[1].pk])).content.decode()
    assert "3 like this…" in page

    shown = rita.get(TOGETHER, like=cases[1].pk.hex)
    assert set(shown.context["ids"]) == {case.pk.hex for case in cases}


def test_like_a_case_that_is_not_there_is_nothing(bank, rita):
    assert rita.get(TOGETHER, like="00000000000070008000000000000000").status_code == 404
    assert rita.get(TOGETHER, like="x").status_code == 404
