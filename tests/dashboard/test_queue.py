"""The page of the queue: what it shows to whom, what its address can ask for, and at what price."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.http import HttpResponse
from django.test import AsyncRequestFactory, Client
from django.urls import reverse
from django.utils import timezone

from dashboard.views.reviewing import changes, watching
from ledger.models import Case
from ledger.selectors import cases
from ledger.selectors.case_mark import cases_mark
from ledger.services.cases.assigning import case_assign
from ledger.services.cases.locking import case_lock, case_next
from ledger.services.cases.verdicts import verdict_give
from ledger.services.cases.working import case_escalate, case_snooze
from ledger.services.holds import Resolution, hold_resolve
from rules.domain.definitions import RuleDraft
from rules.models import Rule
from rules.services.rules import rule_save
from sentinel.core.outcomes import Action
from tests.ledger.cases import APPROVE, Bank

QUEUE, ROWS, CHANGES = (reverse(f"admin:{name}") for name in ("queue", "queue_rows", "queue_changes"))
WORKS = ("ledger.view_case", "ledger.work_case", "ledger.view_account", "rules.view_rule")
FAR = {"combinator": "all", "conditions": [{"field": "location_country", "operator": "is_present"}]}


@pytest.fixture
def bank(db):
    Case.objects.all().delete()  # of tests that keep their rows
    return Bank()


@pytest.fixture
def people(db):
    """Makes people with exactly these permissions, and a browser for each."""

    def make(name: str, *permissions: str) -> tuple[User, Client]:
        user = User.objects.create_user(name, is_staff=True)
        for each in permissions:
            app_label, codename = each.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
        client = Client()
        client.force_login(user)
        return user, client

    return make


@pytest.fixture
def rita(people):
    return people("rita", *WORKS)


def listed(answer) -> list:
    return [row.case.transaction_id for row in answer.context["rows"]]


def counts(answer) -> dict[str, str]:
    return {tab["words"]: tab["count"] for tab in answer.context["tabs"]}


def test_a_row_says_at_a_glance_what_it_is_about(bank, rita):
    rule = Rule(code="far", name="Far from home")
    draft = RuleDraft(Action.REVIEW, "rule.far", "Far from home", FAR)
    version = rule_save(actor="ana", rule=rule, draft=draft, now=timezone.now())
    user, browser = rita
    case = bank.hold(verdict_changes={"rule_hits": (version.pk,)}, amount_minor=540_000)
    case_lock(case_id=case.pk, user=user, now=timezone.now())
    page = browser.get(QUEUE).content.decode()

    for text in (
        "0.997", "5,400.00", "Corner Books", 'title="France">FR', "home IN", "Far from home", "due in 59 min",
        "you have it open", bank.account.id, reverse("admin:case", args=[case.pk]),
        reverse("admin:rules_rule_change", args=[rule.pk]),
    ):  # fmt: skip
        assert text in page, text
    other = bank.hold()
    assert listed(browser.get(f"{QUEUE}?rule=far")) == [case.pk]
    assert other.pk in listed(browser.get(QUEUE))
    for mark in ("data-row", "data-open", "data-choose", 'data-key="n"', 'data-key="/"'):
        assert mark in page


def test_what_a_gateway_wrote_is_text(bank, rita):
    bank.hold(merchant_name="<script>alert(1)</script>", merchant_id='"><img src=x onerror=alert(1)>', channel="pos")
    page = rita[1].get(QUEUE).content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_each_tab_has_its_cases_and_its_count(bank, rita):
    user, browser = rita
    now = timezone.now()
    free, mine, escalated, asleep, decided = (bank.hold() for _ in range(5))
    case_assign(case_id=mine.pk, assignee=user, user=user, now=now)
    case_escalate(case_id=escalated.pk, user=user, now=now)
    case_snooze(case_id=asleep.pk, user=user, until=now + timedelta(hours=1), now=now)
    hold_resolve(transaction_id=decided.pk, resolution=Resolution.APPROVED, actor="olga", now=now)

    tabs = {tab: browser.get(f"{QUEUE}?tab={tab}") for tab in ("open", "mine", "escalated", "snoozed", "decided")}
    assert set(listed(tabs["open"])) == {free.pk, mine.pk}
    assert set(listed(tabs["mine"])) == {mine.pk, asleep.pk}
    assert (listed(tabs["escalated"]), listed(tabs["snoozed"])) == ([escalated.pk], [asleep.pk])
    assert listed(tabs["decided"]) == [decided.pk]
    assert "by olga" in tabs["decided"].content.decode()
    assert counts(tabs["open"]) == {"Open": "2", "Mine": "2", "Escalated": "1", "Snoozed": "1", "Decided": ""}


def test_counting_ends_at_a_hundred(bank, rita, monkeypatch):
    monkeypatch.setattr(cases, "COUNT_MAX", 1)
    monkeypatch.setattr("dashboard.views.reviewing.queue.COUNT_MAX", 1)
    for _ in range(3):
        bank.hold()

    assert counts(rita[1].get(QUEUE))["Open"] == "1+"


def test_what_the_address_asks_for_narrows_the_list(bank, rita):
    browser, now = rita[1], timezone.now()
    small, large = bank.hold(amount_minor=100), bank.hold(amount_minor=900_00)
    abroad = bank.hold(amount_minor=100, location_country="US")
    Case.objects.filter(pk=large.pk).update(opened_at=now - timedelta(hours=1), due_at=now - timedelta(minutes=5))

    for query, expected in {
        "currency=INR&least=500.50": {large.pk},
        "overdue=yes": {large.pk},
        "overdue=no": {small.pk, abroad.pk},
        "country=us": {abroad.pk},
        f"account={bank.account.id}": {small.pk, large.pk, abroad.pk},
        "account=acc_nobody": set(),
        "kind=sample": set(),
        "mode=test": set(),
        "reason=rule.foreign_high_amount": {small.pk, large.pk, abroad.pk},
        "reason=rule.other": set(),
    }.items():
        answer = browser.get(f"{QUEUE}?{query}")
        assert (set(listed(answer)), answer.context["asked"].errors) == (expected, {}), query
    assert "overdue for 5 min" in browser.get(QUEUE).content.decode()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("tab=all", "tab"),
        ("kind=large", "kind"),
        ("currency=XXY", "currency"),
        ("least=5", "least"),
        ("currency=INR&least=much", "least"),
        ("currency=INR&least=1.005", "least"),
        ("overdue=perhaps", "overdue"),
        ("country=ZZ", "country"),
        ("rule=no_such_rule", "rule"),
        ("account=a%00b", "account"),
        ("rows=1000000", "rows"),
        ("cursor=nonsense", "cursor"),
        ("mode=both", "mode"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_and_the_rest_still_works(bank, rita, query, field):
    case = bank.hold()
    answer = rita[1].get(f"{QUEUE}?{query}&overdue=no" if field != "overdue" else f"{QUEUE}?{query}")

    assert list(answer.context["asked"].errors) == [field]
    assert f"<strong>{field}</strong>" in answer.content.decode()
    assert listed(answer) == [case.pk]
    assert field not in answer.context["tabs"][1]["url"].replace("tab=mine", "")


def test_more_is_the_same_list_longer_and_at_its_end_the_next(bank, rita, monkeypatch):
    for module in ("queue", "queue_asked"):
        monkeypatch.setattr(f"dashboard.views.reviewing.{module}.PAGE_ROWS", 2)
        monkeypatch.setattr(f"dashboard.views.reviewing.{module}.PAGE_ROWS_MAX", 4)
    browser = rita[1]
    whole = {bank.hold(amount_minor=100 * (each + 1)).pk for each in range(7)}

    first = browser.get(QUEUE)
    assert (len(listed(first)), first.context["more"]["longer"]) == (2, "rows=4")
    longer = browser.get(f"{ROWS}?rows=4")
    assert listed(longer)[:2] == listed(first)
    assert longer.context["more"]["longer"] == ""
    behind = browser.get(f"{QUEUE}?{longer.context['more']['url']}&rows=4")
    assert behind.context["more"] is None
    assert set(listed(longer)) | set(listed(behind)) == whole
    assert len(listed(longer)) + len(listed(behind)) == 7


def test_a_rare_value_is_looked_for_a_stretch_at_a_time(bank, rita, monkeypatch):
    monkeypatch.setattr(cases, "LOOKED_AT_MAX", 3)
    browser = rita[1]
    abroad = bank.hold(amount_minor=100, location_country="US")  # the last of them
    for each in range(5):
        bank.hold(amount_minor=10_000 + each)

    first = browser.get(f"{QUEUE}?country=US")
    assert listed(first) == []
    assert "Look further" in first.content.decode()
    second = browser.get(f"{QUEUE}?{first.context['more']['url']}")
    assert listed(second) == [abroad.pk]


def test_the_fragment_has_the_rows_and_the_counts_and_no_page_around(bank, rita):
    case = bank.hold()
    answer = rita[1].get(f"{ROWS}?tab=open")

    assert listed(answer) == [case.pk]
    text = answer.content.decode()
    assert "<html" not in text
    assert 'hx-swap-oob="true"' in text
    assert 'hx-get="/admin/reviewing/rows/?tab=open"' in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "Nothing waits for a person"),
        ("tab=mine", "No case is yours"),
        ("tab=escalated", "Nothing is escalated"),
        ("tab=snoozed", "No case is snoozed"),
        ("tab=decided", "Nothing is decided yet"),
        ("kind=sample", "No case fits"),
    ],
)
def test_an_empty_list_says_what_to_do(bank, rita, query, words):
    assert words in rita[1].get(f"{QUEUE}?{query}").content.decode()


def test_verdicts_that_wait_are_shown_and_cannot_be_chosen(bank, rita):
    user, browser = rita
    case = bank.hold()
    verdict_give(case_id=case.pk, given=APPROVE, user=user, now=timezone.now())
    page = browser.get(QUEUE).content.decode()

    assert "by rita, applied in a moment" in page
    assert "data-choose" not in page


def test_whoever_manages_shares_out_and_sets_the_terms(bank, people, rita):
    page = people("mira", "ledger.view_case", "ledger.manage_case")[1].get(QUEUE).content.decode()

    for address in (reverse("admin:cases_share_out"), reverse("admin:review_terms")):
        assert address in page
        assert address not in rita[1].get(QUEUE).content.decode()


def test_whoever_only_looks_can_neither_choose_nor_take(bank, people):
    bank.hold()
    page = people("vera", "ledger.view_case")[1].get(QUEUE).content.decode()

    for absent in ("data-choose", "Next case", "like this", "/admin/rules/rule/", "/admin/ledger/account/"):
        assert absent not in page, absent


@pytest.mark.parametrize("url", [QUEUE, ROWS, CHANGES])
def test_without_the_permission_nothing_is_shown(bank, people, url):
    assert people("nils", "ledger.view_hold", "ledger.view_transaction")[1].get(url).status_code == 403
    assert Client().get(url)["Location"].startswith(reverse("admin:login"))
    assert people("rob", *WORKS)[1].post(url).status_code == 405


def test_the_price_of_a_page_is_the_same_for_one_case_and_for_many(bank, rita, django_assert_max_num_queries):
    browser = rita[1]
    for held in (1, 30):
        for _ in range(held):
            bank.hold(verdict_changes={"rule_hits": (7,)})
        with django_assert_max_num_queries(8):  # session, user, two of permissions; mark, cases, counts, rules
            browser.get(QUEUE)
        with django_assert_max_num_queries(7):
            browser.get(ROWS)


def test_the_navigation_begins_with_the_queue(people, rita):
    def work(browser: Client) -> list[str]:
        groups = browser.get(reverse("admin:index")).context["app_list"]
        return [model["name"] for group in groups if group["name"] == "Work" for model in group["models"]]

    assert work(rita[1])[0] == "Queue"
    assert "Queue" not in work(people("nils", "ledger.view_transaction")[1])
    _, keeper = people("kim", "ledger.view_hold", "ledger.view_case")
    page = keeper.get(reverse("admin:index"))
    record = next(group for group in page.context["app_list"] if group["name"] == "Record")
    assert [model["name"] for model in record["models"]] == ["Holds", "Sampled payments"]
    assert f'href="{QUEUE}?kind=hold"' in page.content.decode()


def test_the_mark_is_another_after_whatever_changes_the_queue(bank, rita):
    user, now = rita[0], timezone.now()
    case, other = bank.hold(), bank.hold()
    marks = [cases_mark()]

    def changes_it(change) -> None:
        with transaction.atomic():  # as in a request of its own: rows have the number of their transaction
            change()
        marks.append(cases_mark())
        assert marks.count(marks[-1]) == 1

    assert cases_mark() == marks[0]
    changes_it(lambda: bank.hold())
    changes_it(lambda: case_next(user=user, livemode=True, now=now))
    changes_it(lambda: case_assign(case_id=other.pk, assignee=user, user=user, now=now))
    changes_it(lambda: case_escalate(case_id=other.pk, user=user, now=now))
    changes_it(lambda: hold_resolve(transaction_id=other.pk, resolution=Resolution.APPROVED, actor="o", now=now))
    changes_it(lambda: Case.objects.filter(pk=case.pk).update(locked_by=None, locked_until=None))
    changes_it(lambda: verdict_give(case_id=case.pk, given=APPROVE, user=user, now=now))


def test_a_server_of_threads_gives_no_stream(rita):
    assert rita[1].get(CHANGES).status_code == 204


def test_one_stream_too_many_is_refused(rita, monkeypatch):
    monkeypatch.setattr(changes, "listeners", lambda: changes.STREAMS_MAX)
    request = AsyncRequestFactory().get(CHANGES)
    request.user = rita[0]
    answer = changes.changes(request)

    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert isinstance(answer, HttpResponse)
    assert "Too many pages are open" in answer.content.decode()


def test_nobody_listens_nothing_is_read():
    assert watching.listeners() == 0
