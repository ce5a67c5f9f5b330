"""The queue as a reviewer sees it: in the light, in the dark, on a phone; and how it stays true by itself."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from ledger.models import Case
from ledger.services.cases.assigning import case_assign
from ledger.services.cases.locking import case_lock
from ledger.services.holds import Resolution, hold_resolve
from rules.domain.definitions import RuleDraft
from rules.models import Rule
from rules.services.rules import rule_save
from sentinel.core.outcomes import Action
from tests.browser.conftest import unique
from tests.browser.keys import press, tab_to
from tests.ledger.cases import Bank
from tests.servers import free_port, static_collected, web_processes

pytestmark = pytest.mark.journey

VIEWS: dict[str, dict[str, Any]] = {
    "queue": {"color_scheme": "light", "viewport": {"width": 1500, "height": 1000}},
    "queue-dark": {"color_scheme": "dark", "viewport": {"width": 1500, "height": 1000}},
    "queue-phone": {"viewport": {"width": 390, "height": 844}},
}
WORKS = ("ledger.view_case", "ledger.work_case", "ledger.view_account", "ledger.view_transaction", "rules.view_rule")
FAR = {"combinator": "all", "conditions": [{"field": "location_country", "operator": "is_present"}]}
LONG_NAME = "A shop with a name that is far too long for any column of a table"


def _told(amount_minor: int, merchant: str | None, country: str | None, percentile: float | None = 0.9968, **fields):
    return {"amount_minor": amount_minor, "merchant_name": merchant, "location_country": country, **fields,
            "verdict_changes": {"score_percentile": percentile}}  # fmt: skip


PAYMENTS = (
    _told(18_450_000, "Galaxy Electronics", "AE", channel="ecommerce", merchant_country="AE"),
    _told(6_499_000, "Corner Books", "FR", channel="ecommerce"),
    _told(2_500_000, "City Cash 24", "IN", 0.9612, channel="atm", merchant_country="IN"),
    _told(940_050, "Blue Lagoon Travel", "TH", 0.82, channel="mobile"),
    _told(129_900, None, None, None, merchant_id="m_4711"),
    _told(54_000, LONG_NAME, "GB"),
)


@pytest.fixture
def waiting(committed) -> Iterator[list[Case]]:
    """Cases of a bank, and no others: those that other tests left sleep meanwhile."""
    others = list(Case.objects.filter(decided_at=None, snoozed_until=None).values_list("pk", flat=True))
    Case.objects.filter(pk__in=others).update(snoozed_until=timezone.now() + timedelta(days=1))
    rule = Rule(code=unique("far"), name="High amount far from home")
    draft = RuleDraft(Action.REVIEW, "rule.far", "Far from home", FAR)
    version = rule_save(actor="ana", rule=rule, draft=draft, now=timezone.now())
    hit = {"rule_hits": (version.pk,)}
    bank, ravi = Bank(opening_balance_minor=100_000_000), User.objects.create_user(unique("ravi"))
    cases = [bank.hold(**fields) for fields in (PAYMENTS[0] | {"verdict_changes": hit}, *PAYMENTS[1:])]
    now = timezone.now()
    case_lock(case_id=cases[1].pk, user=ravi, now=now)
    case_assign(case_id=cases[2].pk, assignee=ravi, user=ravi, now=now)
    Case.objects.filter(pk=cases[3].pk).update(opened_at=now - timedelta(hours=6), due_at=now - timedelta(minutes=12))
    yield cases
    Case.objects.filter(pk__in=others, decided_at=None).update(snoozed_until=None)
    for case in cases:
        if Case.objects.get(pk=case.pk).decided_at is None:
            hold_resolve(transaction_id=case.pk, resolution=Resolution.DECLINED, actor="tests", now=timezone.now())


@pytest.mark.parametrize("view", VIEWS)
def test_a_reviewer_sees_what_comes_first_and_why(waiting, new_page, log_in, axe, screenshot, view):
    page = new_page(**VIEWS[view])
    log_in(page, unique("rita"), *WORKS, "ledger.manage_case")
    page.goto("/admin/reviewing/")

    rows = page.locator("[data-row]")
    expect(rows).to_have_count(len(waiting))
    expect(rows.first).to_contain_text("184,500.00")
    expect(rows.first).to_contain_text("High amount far from home")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    screenshot(page, view, "body")
    assert axe(page) == []


def test_whoever_is_logged_out_by_now_is_asked_to_log_in(waiting, page, log_in):
    log_in(page, unique("rita"), *WORKS)
    page.goto("/admin/reviewing/")
    expect(page.locator("[data-row]")).to_have_count(len(waiting))
    page.context.clear_cookies()
    page.evaluate("htmx.trigger('#queue-list', 'queue-changed')")
    page.wait_for_url("**/admin/login/?next=/admin/reviewing/")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_empty_queue_and_an_empty_search_say_what_to_do(committed, new_page, log_in, axe, scheme):
    page = new_page(color_scheme=scheme, viewport={"width": 390, "height": 844})
    log_in(page, unique("rita"), *WORKS)
    page.goto("/admin/reviewing/?tab=mine&currency=XXY")
    expect(page.get_by_text("No case is yours")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("currency")
    assert axe(page) == []

    page.get_by_label("Search for a payment, account or card").fill("nothing of this name")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing has this name")).to_be_visible()
    assert axe(page) == []


def test_cases_are_found_by_what_they_share_and_listed(waiting, page, log_in, axe, screenshot):
    log_in(page, unique("rita"), *WORKS, "ledger.view_personaldetail")
    page.goto("/admin/reviewing/")
    page.get_by_label("Search for a payment, account or card").fill("order 42")
    page.get_by_role("button", name="Search").click()

    expect(page.get_by_role("heading", name="Payments with this reference")).to_be_visible()
    expect(page.get_by_role("link", name="Case").first).to_be_visible()
    screenshot(page, "search", "#content")
    assert axe(page) == []


def test_several_are_chosen_by_keyboard_and_stay_chosen_when_the_list_changes(waiting, page, log_in):
    log_in(page, unique("rita"), *WORKS)
    page.goto("/admin/reviewing/")
    first = page.locator("[data-choose]").first
    tab_to(page, first)
    page.keyboard.press("Space")
    expect(page.locator("#chosen")).to_have_text("1 chosen")

    hold_resolve(transaction_id=waiting[-1].pk, resolution=Resolution.DECLINED, actor="olga", now=timezone.now())
    page.evaluate("htmx.trigger('#queue-list', 'queue-changed')")
    expect(page.locator("[data-row]")).to_have_count(len(waiting) - 1)
    expect(page.locator("[data-choose]").first).to_be_checked()
    expect(page.locator("[data-choose]").first).to_be_focused()
    expect(page.locator("#queue-tabs .count").first).to_have_text(str(len(waiting) - 1))
    press(page, page.get_by_role("button", name="Choose all shown"))
    expect(page.locator("#chosen")).to_have_text(f"{len(waiting) - 1} chosen")


def test_the_list_follows_the_queue_and_says_when_it_cannot(waiting, tmp_path, new_page, log_in, complaints):
    port, house = free_port(), static_collected(tmp_path)
    with ExitStack() as server:
        base_url = server.enter_context(web_processes(1, port, **house))
        page = new_page(base_url=base_url)
        log_in(page, unique("rita"), *WORKS)
        page.goto("/admin/reviewing/")
        live, rows = page.locator("#live"), page.locator("[data-row]")
        expect(live).to_have_text("Live")
        expect(rows).to_have_count(len(waiting))
        hold_resolve(transaction_id=waiting[-1].pk, resolution=Resolution.DECLINED, actor="olga", now=timezone.now())
        expect(rows).to_have_count(len(waiting) - 1, timeout=4_000)
        assert complaints == []
        server.close()
        expect(live).to_contain_text("The live connection is lost", timeout=8_000)

    hold_resolve(transaction_id=waiting[-2].pk, resolution=Resolution.DECLINED, actor="olga", now=timezone.now())
    with web_processes(1, port, **house):
        expect(live).to_have_text("Live", timeout=20_000)
        expect(rows).to_have_count(len(waiting) - 2)
        page.goto("about:blank")
    complaints.clear()  # of a server that was not there
