"""A verdict by the bar of a case: what it does, and each refusal, after which nothing was written."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from dashboard.services.verdict_extras import verdict_extras_register
from ledger.models import AuditEntry, Case, Label, PendingVerdict
from ledger.services.cases.applying import verdicts_apply
from ledger.services.cases.locking import case_lock
from ledger.services.cases.verdicts import verdict_give
from ledger.services.cases.working import case_escalate, case_open
from ledger.services.review_terms import Terms, review_terms_set
from rules.domain.definitions import RuleDraft
from rules.models import List, ListItem, Rule, RuleSnooze
from rules.services.lists import list_save
from rules.services.rules import rule_save
from sentinel.core.outcomes import Action
from tests.dashboard.people import WORKS, Person
from tests.ledger.cases import APPROVE, STOLEN, Bank, reviewer
from tests.rules.examples import FOREIGN_HIGH_AMOUNT

QUEUE = reverse("admin:queue")


@pytest.fixture
def bank(db):
    PendingVerdict.objects.all().delete()  # of tests that keep their rows
    now = timezone.now()
    Case.objects.filter(decided_at=None).update(escalated_at=now, escalated_by="tests")
    return Bank()


@pytest.fixture
def rita(db):
    return Person("rita", *WORKS)


def url(name: str, case) -> str:
    return reverse(f"admin:{name}", args=[case.pk])


def page_of(case) -> str:
    return url("case", case)


def apply() -> int:
    return verdicts_apply(now=timezone.now() + timedelta(seconds=11))


def written(case) -> tuple[int, int]:
    """Verdicts and audit entries of the case."""
    audit = AuditEntry.objects.filter(subject=case.transaction.public_id)
    return PendingVerdict.objects.filter(pk=case.pk).count(), audit.count()


def test_an_approval_leads_to_the_next_case_where_it_can_be_taken_back(bank, rita):
    first, second = bank.hold(amount_minor=900_000), bank.hold(amount_minor=100)
    answer = rita.post(url("case_verdict", first), verdict="approve")

    assert answer.url.startswith(page_of(second))
    assert Case.objects.get(pk=second.pk).locked_by == rita.user
    page = rita.get(answer.url).content.decode()
    assert f"Approved txn_…{first.pk.hex[-8:]} 9,000.00 INR." in page
    assert url("case_undo", first) in page
    assert apply() == 1


def test_with_nothing_left_the_queue_says_so(bank, rita):
    case = bank.hold()
    assert rita.post(url("case_verdict", case), verdict="approve").url == QUEUE
    assert "No case is left that waits for you." in rita.told()


def test_taken_back_the_case_is_ones_own_again(bank, rita):
    case = bank.hold()
    rita.post(url("case_verdict", case), verdict="approve")
    assert rita.post(url("case_undo", case)).url == page_of(case)

    assert Case.objects.get(pk=case.pk).locked_by == rita.user
    assert "The case is yours again." in rita.told()
    assert apply() == 0


def test_what_was_applied_is_not_taken_back(bank, rita):
    case = bank.hold()
    rita.post(url("case_verdict", case), verdict="approve")
    apply()
    rita.post(url("case_undo", case))

    assert "cannot be taken back any more" in rita.told()
    assert Case.objects.get(pk=case.pk).verdict == "approve"


def test_where_nothing_can_be_taken_back_the_verdict_is_told_at_once(bank, rita):
    terms = Terms(due_minutes=240, urgent_percentile=0.99, urgent_due_minutes=60, undo_seconds=0)
    review_terms_set(terms=terms, actor="mona", now=timezone.now())
    case = bank.hold(amount_minor=420_000)
    rita.post(url("case_verdict", case), verdict="approve")

    assert f"Approved txn_…{case.pk.hex[-8:]} 4,200.00 INR." in rita.told()


def test_a_decline_without_a_reason_is_shown_with_what_was_typed(bank, rita):
    case = bank.hold()
    answer = rita.post(url("case_verdict", case), verdict="decline", note="the customer <called>")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Nothing was changed." in page
    assert "Choose a reason" in page
    assert "the customer &lt;called&gt;</textarea>" in page
    assert written(case) == (0, 0)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"verdict": "fraud"}, "It takes another verdict"),
        ({"verdict": "fireworks"}, "Choose a verdict."),
        ({"verdict": "approve", "note": "4111 1111 1111 1111"}, "full card number"),
        ({"verdict": "approve", "note": "x" * 501}, "at most 500 characters"),
        ({"verdict": "decline", "reason": "bad luck"}, "Choose a reason"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(bank, rita, sent, words):
    case = bank.hold()
    answer = rita.post(url("case_verdict", case), **sent)

    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert written(case) == (0, 0)


def test_who_comes_second_is_told_who_was_faster_and_keeps_the_note(bank, rita):
    case = bank.hold()
    verdict_give(case_id=case.pk, given=APPROVE, user=reviewer("sam"), now=timezone.now())
    answer = rita.post(url("case_verdict", case), verdict="decline", reason="card_stolen", note="I called")

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "sam was faster: approve." in page
    assert "I called</textarea>" in page
    assert PendingVerdict.objects.get(pk=case.pk).verdict == "approve"


def test_a_case_that_somebody_has_open_is_theirs(bank, rita):
    case = bank.hold()
    case_lock(case_id=case.pk, user=reviewer("sam"), now=timezone.now())
    answer = rita.post(url("case_verdict", case), verdict="approve")

    assert answer.status_code == 200
    assert "sam has this case open." in answer.content.decode()
    assert written(case) == (0, 0)


def test_without_the_permission_nothing_is_offered_or_done(bank):
    case, onlooker = bank.hold(), Person("otto", "ledger.view_case")
    assert "Approve" not in onlooker.get(page_of(case)).content.decode()

    assert onlooker.post(url("case_verdict", case), verdict="approve").status_code == 403
    assert onlooker.post(url("case_undo", case)).status_code == 403
    assert written(case) == (0, 0)


def test_looking_changes_nothing(bank, rita):
    case = bank.hold()
    assert rita.get(url("case_verdict", case), verdict="approve").url == page_of(case)
    assert written(case) == (0, 0)


def test_an_unknown_case_is_not_there(bank, rita):
    unknown = reverse("admin:case_verdict", args=["00000000-0000-7000-8000-000000000000"])
    assert rita.post(unknown, verdict="approve").status_code == 404


@pytest.mark.parametrize("verdict", ["approve", "fireworks"])
def test_a_payment_without_a_case_has_no_verdict(bank, rita, verdict):
    url = reverse("admin:case_verdict", args=[bank.approved().pk])
    assert rita.post(url, verdict=verdict).status_code == 404


def test_a_payment_without_a_hold_is_called_what_it_was(bank, rita):
    case = case_open(transaction_id=bank.approved().pk, actor="rita", now=timezone.now())
    page = rita.get(page_of(case)).content.decode()
    assert "Reason, if you know one" in page
    assert "Legitimate" in page
    rita.post(url("case_verdict", case), verdict="fraud")
    apply()

    assert Label.objects.get(transaction=case.pk).is_fraud


class TestTheBarSays:
    def said(self, person, case) -> str:
        return " ".join(str(words) for words in person.get(page_of(case)).context["bar"]["said"])

    def offers(self, person, case) -> set[str]:
        bar = person.get(page_of(case)).context["bar"]
        return {name for name in ("may_decide", "may_undo", "may_open") if bar[name]}

    def test_what_a_free_case_takes(self, bank, rita):
        case = bank.hold()
        assert self.offers(rita, case) == {"may_decide"}

    def test_who_has_it_and_until_when(self, bank, rita):
        case = bank.hold()
        case_lock(case_id=case.pk, user=reviewer("sam"), now=timezone.now())
        assert self.said(rita, case).startswith("sam has this case until")
        assert self.offers(rita, case) == set()

    def test_what_one_said_oneself(self, bank, rita):
        case = bank.hold()
        rita.post(url("case_verdict", case), verdict="approve")
        assert self.said(rita, case).startswith("You said approve")
        assert self.offers(rita, case) == {"may_undo"}

    def test_what_another_said(self, bank, rita):
        case = bank.hold()
        verdict_give(case_id=case.pk, given=STOLEN, user=reviewer("sam"), now=timezone.now())
        assert self.said(rita, case).startswith("sam said decline")
        assert self.offers(rita, case) == set()

    def test_why_a_verdict_failed_and_anybody_goes_on(self, bank, rita):
        case = bank.hold()
        verdict_give(case_id=case.pk, given=APPROVE, user=reviewer("sam"), now=timezone.now())
        PendingVerdict.objects.update(error="The account is frozen.")
        assert "could not be done: The account is frozen." in self.said(rita, case)
        assert self.offers(rita, case) == {"may_decide", "may_undo"}

    def test_how_it_was_decided_and_that_it_can_be_opened_again(self, bank, rita):
        case = bank.hold()
        verdict_give(case_id=case.pk, given=STOLEN, user=reviewer("sam"), now=timezone.now())
        apply()
        assert "sam has decided this case: declined. The card was lost or stolen." in self.said(rita, case)
        assert self.offers(rita, case) == {"may_open"}

    def test_who_escalated_it(self, bank, rita):
        case = bank.hold()
        case_escalate(case_id=case.pk, user=reviewer("sam"), now=timezone.now())
        assert self.said(rita, case).startswith("Escalated by sam")
        assert self.offers(rita, case) == {"may_decide"}


class TestBesides:
    LISTS = (*WORKS, "rules.add_listitem", "ledger.view_personaldetail")
    SNOOZES = (*WORKS, "rules.add_rulesnooze")

    @pytest.fixture
    def blocked(self, bank):
        verdict_extras_register()
        blocked = List(name="blocked_of_bar", item_type="card_token", purpose="block")
        list_save(actor="ana", item_list=blocked, now=timezone.now())
        return blocked

    @pytest.fixture
    def rule(self, bank):
        verdict_extras_register()
        draft = RuleDraft(Action.REVIEW, "rule.of_bar", "Counted", FOREIGN_HIGH_AMOUNT)
        rule_save(actor="ana", rule=Rule(code="of_bar", name="of the bar"), draft=draft, now=timezone.now())
        return Rule.objects.get(code="of_bar")

    def test_the_card_goes_on_a_list_with_the_verdict(self, bank, blocked):
        lena, case = Person("lena", *self.LISTS), bank.hold()
        page = lena.get(page_of(case)).content.decode()
        assert "This card: tok_" in page
        assert "tok_9f" not in page
        target = {"list_target": f"card_token:{blocked.pk}", "list_days": "30"}
        lena.post(url("case_verdict", case), verdict="decline", reason="card_stolen", **target)
        assert apply() == 1

        item = ListItem.objects.get(list=blocked)
        assert item.expires_at is not None
        assert item.value == "tok_9f"
        assert timedelta(days=29) < item.expires_at - timezone.now() < timedelta(days=31)

    def test_a_rule_leaves_the_account_alone(self, bank, rule):
        version = rule.versions.get()
        lena, case = Person("lena", *self.SNOOZES), bank.hold(verdict_changes={"rule_hits": (version.pk,)})
        assert "of_bar: of the bar" in lena.get(page_of(case)).content.decode()
        day = (timezone.now() + timedelta(days=7)).date().isoformat()
        lena.post(url("case_verdict", case), verdict="approve", snooze_rule="of_bar", snooze_until=day)
        assert apply() == 1

        snooze = RuleSnooze.objects.get(rule=rule)
        assert (snooze.account_id, snooze.until.date().isoformat()) == (case.account_id, day)

    @pytest.mark.parametrize(
        ("sent", "words"),
        [
            ({"list_target": "card_token:0", "list_days": "30"}, "Choose what goes on which list"),
            ({"list_target": "merchant:{list}", "list_days": "30"}, "Choose what goes on which list"),
            ({"list_target": "card_token:{list}", "list_days": ""}, "Choose what goes on which list"),
            ({"snooze_rule": "of_bar", "snooze_until": ""}, "until the end of which day"),
            ({"snooze_rule": "nobodys", "snooze_until": "2999-01-01"}, "There is no rule"),
            ({"snooze_rule": "of_bar", "snooze_until": "2020-01-01"}, "Choose a moment in the future"),
        ],
    )
    def test_what_is_not_offered_is_refused_with_the_verdict(self, bank, blocked, rule, sent, words):
        lena, case = Person("lena", *self.LISTS, "rules.add_rulesnooze"), bank.hold()
        sent = {name: value.format(list=blocked.pk) for name, value in sent.items()}
        answer = lena.post(url("case_verdict", case), verdict="decline", reason="card_stolen", **sent)

        assert answer.status_code == 200
        assert words in answer.content.decode()
        assert written(case) == (0, 0)

    def test_who_may_not_is_not_offered_and_refused(self, bank, blocked, rule, rita):
        case = bank.hold(verdict_changes={"rule_hits": (rule.versions.get().pk,)})
        page = rita.get(page_of(case)).content.decode()
        assert "Put on a list" not in page
        assert "leave this account alone" not in page
        target = {"list_target": f"card_token:{blocked.pk}", "list_days": "30"}

        assert rita.post(url("case_verdict", case), verdict="approve", **target).status_code == 403
        assert rita.post(url("case_verdict", case), verdict="approve", snooze_rule="of_bar").status_code == 403
        assert written(case) == (0, 0)
