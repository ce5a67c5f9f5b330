"""A reviewer's day in a real browser: by keyboard only, against a colleague, many at once, and what is taken back."""

import re
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from ledger.models import AuditEntry, Case, PendingVerdict
from ledger.selectors.review_terms import review_terms
from ledger.services.review_terms import Terms, review_terms_set
from tests.browser.conftest import unique
from tests.ledger.cases import Bank

pytestmark = pytest.mark.journey

WORKS = ("ledger.view_case", "ledger.work_case", "ledger.view_transaction", "ledger.view_account")
MANAGES = (*WORKS, "ledger.manage_case")
LISTS = ("rules.add_listitem", "rules.add_rulesnooze", "ledger.view_personaldetail")
QUEUE, TOGETHER = "/admin/reviewing/", "/admin/reviewing/together/"
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


@pytest.fixture
def bank(committed):
    """A queue without other cases, and a minute to take a verdict back, since the machine may be busy."""
    before = review_terms()
    terms = {name: getattr(before, name) for name in Terms.__dataclass_fields__}
    review_terms_set(terms=Terms(**terms | {"undo_seconds": 60}), actor="tests", now=timezone.now())
    _out_of_the_way()
    yield Bank(opening_balance_minor=10**11)
    _out_of_the_way()
    review_terms_set(terms=Terms(**terms), actor="tests", now=timezone.now())


def _out_of_the_way() -> None:
    PendingVerdict.objects.all().delete()
    Case.objects.filter(decided_at=None).update(escalated_at=timezone.now(), escalated_by="tests")


def case_url(case) -> re.Pattern[str]:
    return re.compile(f"/admin/reviewing/cases/{case.pk}/")


def is_as_wide_as_the_window(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_ten_cases_by_keyboard_only(bank, page, log_in):
    cases = [bank.hold(amount_minor=1_000_000 - each * 1_000) for each in range(10)]
    rita = log_in(page, unique("rita"), *WORKS)
    page.goto(QUEUE)
    press(page, "n")
    for place, case in enumerate(cases):
        page.wait_for_url(case_url(case))
        if place % 3 == 2:
            press(page, "2", str(1 + place % 8), "Enter")
        else:
            press(page, "1")
        if place == 4:  # the wrong key: back, and the other one
            page.wait_for_url(case_url(cases[5]))
            press(page, "u")
            page.wait_for_url(case_url(case))
            expect(page.get_by_text("The verdict was taken back.")).to_be_visible()
            press(page, "2", "6", "Enter")
    expect(page.get_by_text("No case is left that waits for you.")).to_be_visible()

    said = {each.pk: each for each in PendingVerdict.objects.filter(actor__username=rita)}
    assert set(said) == {case.pk for case in cases}
    assert [said[case.pk].verdict for case in cases][:6] == ["approve"] * 2 + ["decline"] + ["approve"] + [
        "decline"
    ] * 2
    assert said[cases[4].pk].reason == "cannot_verify"


def test_of_two_people_one_wins_and_the_other_is_told(bank, new_page, log_in, axe):
    case = bank.hold()
    first, second = new_page(), new_page()
    rita, sam = unique("rita"), unique("sam")
    for page, name in ((first, rita), (second, sam)):
        log_in(page, name, *WORKS)
        page.goto(f"/admin/reviewing/cases/{case.pk}/")
    press(first, "1")
    expect(first.get_by_text("No case is left that waits for you.")).to_be_visible()
    press(second, "2", "1")
    second.get_by_label("Note, if you like").locator("visible=true").fill("I called the customer")
    second.get_by_role("button", name="Decline", exact=True).click()

    expect(second.get_by_text(f"{rita} was faster: approve.")).to_be_visible()
    expect(second.get_by_label("Note, which cannot be changed later")).to_have_value("I called the customer")
    assert axe(second) == []
    assert PendingVerdict.objects.get(pk=case.pk).actor_name == rita


def test_next_gives_two_people_two_cases(bank, new_page, log_in):
    best, other = bank.hold(amount_minor=900_000), bank.hold(amount_minor=100)
    first, second = new_page(), new_page()
    for page, case in ((first, best), (second, other)):
        log_in(page, unique("person"), *WORKS)
        page.goto(QUEUE)
        press(page, "n")
        page.wait_for_url(case_url(case))
    second.goto(f"/admin/reviewing/cases/{best.pk}/")
    expect(second.get_by_text("has this case until")).to_be_visible()
    press(second, "1", "2", "h")
    second.wait_for_timeout(300)
    assert not PendingVerdict.objects.exists()


@pytest.mark.parametrize("view", VIEWS)
def test_31_together_and_all_of_it_taken_back(bank, new_page, log_in, axe, screenshot, view):
    cases = [bank.hold(amount_minor=100_000 + each, verdict_changes={"rule_hits": (7,)}) for each in range(31)]
    page = new_page(**VIEWS[view])
    rita = log_in(page, unique("rita"), *WORKS)
    page.goto(f"/admin/reviewing/cases/{cases[3].pk}/")
    page.get_by_role("link", name="31 like this").click()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)

    page.get_by_role("radio", name="Decline").check()
    page.get_by_label("Reason, which a decline needs").select_option("card_stolen")
    page.get_by_label("Note").fill("One gang, one merchant")
    if view == "light":
        screenshot(page, "together", "#content")
    page.get_by_role("button", name="Say it for those chosen").click()
    expect(page.get_by_role("heading", name="Decline 31 cases?")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Yes, decline 31 cases").click()
    expect(page.get_by_role("heading", name="Declined: 31 cases")).to_be_visible()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    note = {"actor": rita, "details__note": "One gang, one merchant"}
    assert AuditEntry.objects.filter(action="verdict.given", **note).count() == 31

    press(page, "u")
    expect(page.get_by_text("Taken back: 31 cases.")).to_be_visible()
    assert not PendingVerdict.objects.filter(actor__username=rita).exists()
    assert AuditEntry.objects.filter(action="verdict.undone", actor=rita).count() == 31


@pytest.mark.parametrize("view", VIEWS)
def test_the_bar_can_be_used_by_everybody(bank, new_page, log_in, axe, screenshot, view):
    case, following = bank.hold(amount_minor=420_000), bank.hold(amount_minor=99_900)
    page = new_page(**VIEWS[view])
    log_in(page, unique("mona"), *MANAGES, *LISTS)
    page.goto(f"/admin/reviewing/cases/{case.pk}/")
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    for opener in ("^Decline", "^Escalate", "^Snooze", "^Note", "^Approve with a note", "^Assign to somebody"):
        page.locator("summary", has_text=re.compile(opener)).click()
        expect(page.locator("details[name=act][open]")).to_have_count(1)
        assert axe(page, ".verdict-bar") == []
        assert is_as_wide_as_the_window(page)
    page.locator("summary", has_text=re.compile("^Decline")).click()
    if view == "light":
        screenshot(page, "verdict-bar")
    press(page, "Escape")
    expect(page.locator("details[name=act][open]")).to_have_count(0)

    press(page, "1")
    page.wait_for_url(case_url(following))
    expect(page.get_by_text(f"Approved txn_…{case.pk.hex[-8:]} 4,200.00 INR.")).to_be_visible()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    left = page.locator("[data-left]")
    seconds = int(left.inner_text())
    expect(left).not_to_have_text(str(seconds))


def test_the_bar_of_what_was_said_goes_with_its_seconds(bank, page, log_in):
    terms = review_terms()
    told = {name: getattr(terms, name) for name in Terms.__dataclass_fields__}
    review_terms_set(terms=Terms(**told | {"undo_seconds": 3}), actor="tests", now=timezone.now())
    bank.hold()
    log_in(page, unique("rita"), *WORKS)
    page.goto(QUEUE)
    press(page, "n")
    page.wait_for_url(re.compile("/cases/"))
    press(page, "1")

    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_hidden()
    press(page, "u")
    page.wait_for_timeout(300)
    assert PendingVerdict.objects.count() == 1


def test_escalating_snoozing_noting_and_assigning_by_keyboard(bank, page, log_in):
    cases = [bank.hold(amount_minor=1_000_000 - each * 1_000) for each in range(3)]
    rita = log_in(page, unique("rita"), *WORKS)
    page.goto(QUEUE)
    press(page, "n")
    page.wait_for_url(case_url(cases[0]))
    press(page, "c")
    page.keyboard.type("1 call, 2 mails, h and u")
    press(page, "Tab", "Enter")
    expect(page.get_by_text("The note was added.")).to_be_visible()
    press(page, "a")
    expect(page.get_by_text("Assigned to you.").first).to_be_visible()
    press(page, "h", "2", "Enter")
    page.wait_for_url(case_url(cases[1]))
    press(page, "3")
    page.keyboard.type("a mule, I think")
    press(page, "Tab", "Enter")
    page.wait_for_url(case_url(cases[2]))

    first, second = (Case.objects.get(pk=case.pk) for case in cases[:2])
    assert first.assignee
    assert (first.assignee.username, first.snoozed_until is not None) == (rita, True)
    assert (first.notes.get().text, second.notes.get().text) == ("1 call, 2 mails, h and u", "a mule, I think")
    assert second.escalated_by == rita
    assert not PendingVerdict.objects.exists()


def test_figures_never_decide_by_accident(bank, page, log_in):
    case = bank.hold()
    log_in(page, unique("rita"), *WORKS)
    page.goto(f"/admin/reviewing/cases/{case.pk}/")
    for key in ("Control+1", "Alt+1", "Meta+1"):
        press(page, key)
    press(page, "2", "1", "9")  # the first reason is chosen, nothing more
    expect(page.get_by_label("The card was lost or stolen")).to_be_checked()
    press(page, "c")
    page.keyboard.type("1 2 3 u n")
    press(page, "Escape")
    page.wait_for_timeout(300)

    expect(page).to_have_url(case_url(case))
    assert not PendingVerdict.objects.exists()


def test_a_second_key_waits_while_the_first_is_under_way(bank, page, log_in):
    case, following = bank.hold(amount_minor=900_000), bank.hold(amount_minor=100)
    log_in(page, unique("rita"), *WORKS)
    page.goto(f"/admin/reviewing/cases/{case.pk}/")
    page.evaluate("""for (const key of ["1", "a", "1"])
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }))""")
    page.wait_for_url(case_url(following))
    page.evaluate("""document.body.dispatchEvent(
        new KeyboardEvent("keydown", { key: "1", repeat: true, bubbles: true, cancelable: true }))""")  # held down
    page.wait_for_timeout(300)

    assert list(PendingVerdict.objects.values_list("pk", "verdict")) == [(case.pk, "approve")]
    assert Case.objects.get(pk=case.pk).assignee is None


def test_everything_works_without_a_script(bank, new_page, log_in):
    case, following = bank.hold(amount_minor=900_000), bank.hold(amount_minor=100)
    page = new_page(java_script_enabled=False)
    log_in(page, unique("rita"), *WORKS)
    page.goto(f"/admin/reviewing/cases/{case.pk}/")
    page.locator("summary", has_text=re.compile("^Decline")).click()
    page.get_by_label("The account passes on money of others").check()
    page.get_by_role("button", name="Decline", exact=True).click()
    page.wait_for_url(case_url(following))
    page.get_by_role("button", name="Undo").click()
    page.wait_for_url(case_url(case))

    expect(page.get_by_text("The verdict was taken back.")).to_be_visible()
    assert not PendingVerdict.objects.exists()


def test_the_list_of_keys_and_keys_switched_off(bank, page, log_in, axe):
    case = bank.hold()
    log_in(page, unique("rita"), *WORKS)
    page.goto(f"/admin/reviewing/cases/{case.pk}/")
    press(page, "?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys.get_by_role("row", name="1 Approve")).to_be_visible()
    expect(keys.get_by_role("row", name="n Next case")).to_be_visible()
    assert axe(page) == []
    press(page, "1")  # no key counts while it is open
    keys.get_by_label("Keys are on").uncheck()
    press(page, "Escape")
    expect(keys).to_be_hidden()

    page.reload()  # it is remembered
    press(page, "1")
    page.wait_for_timeout(300)
    assert not PendingVerdict.objects.exists()
    page.get_by_role("button", name="Keys", exact=True).click()
    keys.get_by_label("Keys are on").check()
    keys.get_by_role("button", name="Close").click()
    press(page, "g", "q")
    page.wait_for_url(re.compile(r"/admin/reviewing/($|\?)"))


def test_rows_are_walked_chosen_and_opened_by_keyboard(bank, page, log_in):
    cases = [bank.hold(amount_minor=1_000_000 - each * 100_000) for each in range(4)]
    log_in(page, unique("rita"), *WORKS)
    page.goto(QUEUE)
    press(page, "j", "x", "j", "j", "Shift+X")
    expect(page.locator("[data-choose]:checked")).to_have_count(3)
    press(page, "x", "k")
    expect(page.locator("[data-choose]:checked")).to_have_count(2)
    press(page, "o")
    page.wait_for_url(case_url(cases[1]))
    page.goto(QUEUE)
    press(page, "ArrowDown", "ArrowDown", "Enter")
    page.wait_for_url(case_url(cases[1]))
    page.goto(QUEUE)
    press(page, "/")
    page.keyboard.type("jx1")
    assert page.evaluate("document.activeElement.value") == "jx1"


@pytest.mark.parametrize("view", VIEWS)
def test_terms_are_set(bank, new_page, log_in, axe, view):
    page = new_page(**VIEWS[view])
    mona = log_in(page, unique("mona"), *MANAGES)
    page.goto("/admin/reviewing/terms/")
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    page.get_by_label("Urgent ones due after, in minutes").fill("999")
    page.get_by_role("button", name="Set these terms").click()
    expect(page.get_by_text("urgent_due_minutes lies between 1 and 240.")).to_be_visible()
    page.get_by_label("Urgent ones due after, in minutes").fill("45")
    page.get_by_role("button", name="Set these terms").click()

    expect(page.get_by_text("These terms hold from now on")).to_be_visible()
    assert axe(page) == []
    assert (review_terms().author, review_terms().urgent_due_minutes) == (mona, 45)


@pytest.mark.parametrize("view", VIEWS)
def test_a_payment_is_given_back_and_looked_at_from_its_page(bank, new_page, log_in, axe, view):
    payment = bank.approved(amount_minor=5_400)
    page = new_page(**VIEWS[view])
    sara = log_in(page, unique("sara"), *WORKS, "ledger.reverse_transaction")
    page.goto(f"/admin/ledger/transaction/{payment.pk}/")
    page.get_by_role("link", name="Give back").click()
    page.get_by_label("Amount in INR").fill("54.01")
    page.get_by_label("Reason").fill("One book was missing")
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_text("54.00 INR is left.", exact=True)).to_be_visible()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    page.get_by_label("Amount in INR").fill("4.00")
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_text("4.00 INR was given back; 50.00 is left.")).to_be_visible()
    assert AuditEntry.objects.filter(action="transaction.reversed", actor=sara).count() == 1

    page.get_by_role("button", name="Open it as a case").click()
    page.wait_for_url(case_url(payment))
    press(page, "2")
    expect(page.get_by_text("Reason, if you know one")).to_be_visible()
    assert axe(page, ".verdict-bar") == []


def test_what_is_due_counts_down(bank, page, log_in):
    case = bank.hold()
    log_in(page, unique("rita"), *WORKS)
    page.clock.install()
    page.goto(f"/admin/reviewing/cases/{case.pk}/")
    due = page.locator("#verdict [data-due]")
    expect(due).to_have_text(re.compile("due in (59 min|1 h)"))
    page.clock.fast_forward("55:30")
    expect(due).to_have_text("due in 4 min")
    page.clock.fast_forward("10:00")
    expect(due).to_have_text(re.compile("overdue for [56] min"))
