"""The dashboard as a manager sees it: in the light, in the dark, on a phone, by keyboard."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dashboard.domain.ids import first_id
from dashboard.models import FactMark, Rollup, RuleDimension
from ledger.models import DecisionTime
from rules.domain.definitions import RuleDraft
from rules.models import Rule
from rules.services.rules import rule_save
from sentinel.core.outcomes import Action
from tests.browser.conftest import unique

pytestmark = pytest.mark.journey

VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1400, "height": 1000}},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
# Of a hundred payments; what became of them, and what was found out.
CODES = (
    ("approve", "", 93),
    ("approve", "fraud", 0.2),
    ("review.approved", "legitimate", 1.5),
    ("review.held", "", 1),
    ("review.declined", "fraud", 0.6),
    ("decline.risk", "fraud", 0.5),
    ("decline.risk", "", 1),
    ("decline.account", "", 2),
)
FAR_AWAY = {"combinator": "all", "conditions": [{"field": "location_country", "operator": "is_present"}]}
RULE_VERSION = 1
KEYS = {
    "channel": {"ecommerce": 0.5, "pos": 0.35, "atm": 0.1, "": 0.05},
    "country": {"IN": 0.7, "US": 0.1, "GB": 0.08, "FR": 0.07, "AE": 0.05},
    "category": {"5411": 0.4, "5732": 0.2, "5812": 0.25, "4121": 0.15},
    "score": {f"{step / 20:.2f}": 0.05 for step in range(20)},
    "model": {"card-2026-11-20.1": 0.8, "card-2026-11-06.1": 0.2},
}


@pytest.fixture(scope="module")
def month(django_db_setup, django_db_blocker) -> Iterator[None]:
    """Thirty days of rolled-up facts: more at noon, less by night. They are gone afterwards."""
    with django_db_blocker.unblock():
        _clear()  # whatever facts other tests have committed
        rule = Rule(code=unique("far"), name="Far from home")
        draft = RuleDraft(Action.REVIEW, "rule.far", "Far from home", FAR_AWAY)
        rule_save(actor="ana", rule=rule, draft=draft, now=timezone.now())
        RuleDimension.objects.create(
            version=RULE_VERSION, rule=rule.pk, code=rule.code, name=rule.name, number=1, action="review"
        )
        chance, end = random.Random(3), timezone.now().replace(minute=0, second=0, microsecond=0)
        rows = [row for ago in range(30 * 24) for row in _hour(end - timedelta(hours=ago), chance)]
        Rollup.objects.bulk_create([*rows, *_days(rows)], batch_size=5_000)
        now = timezone.now()
        FactMark.objects.create(name="decisions", next_id=first_id(now), moved_at=now)
        # Those of payments that other tests made this hour may be written meanwhile.
        DecisionTime.objects.bulk_create(_times(end, chance), ignore_conflicts=True)
    yield
    with django_db_blocker.unblock():
        _clear()


def _clear() -> None:
    for model in (Rollup, RuleDimension, FactMark, DecisionTime):
        model.objects.all().delete()


def _hour(at, chance: random.Random) -> list[Rollup]:
    busy = 400 * (1.2 - abs(at.hour - 14) / 14) * (0.7 if at.isoweekday() > 5 else 1) * chance.uniform(0.85, 1.15)
    found = []
    for code, verdict, of_100 in CODES:
        payments = int(busy * of_100 / 100 + chance.random())
        keys = {"all": {"": 1.0}, **KEYS, **({"rule": {str(RULE_VERSION): 0.8}} if code.startswith("review") else {})}
        for topic, shares in keys.items():
            for key, share in shares.items():
                part = int(payments * share + chance.random()) if topic != "all" else payments
                if part:
                    found.append(_row("h", topic, at, key, code, verdict, part))
    return found


def _times(end, chance: random.Random) -> list[DecisionTime]:
    """Half of the payments within some 6 ms; by day a few take long."""
    return [
        DecisionTime(livemode=True, hour=end - timedelta(hours=ago), band=band, payments=payments)
        for ago in range(30 * 24)
        for band, payments in (
            (46 + chance.randrange(3), 200),
            (56 + chance.randrange(4), 30),
            (72, chance.randrange(1, 5)),
        )
    ]


def _row(grain: str, topic: str, at, key: str, code: str, verdict: str, payments: int) -> Rollup:
    return Rollup(grain=grain, topic=topic, starts_at=at, key=key, currency="INR", outcome_code=code, verdict=verdict,
                  payments=payments, amount_minor=payments * 184_350, reversed_minor=0)  # fmt: skip


def _days(rows: list[Rollup]) -> list[Rollup]:
    sums: dict[tuple[Any, ...], int] = {}
    for row in rows:
        key = (row.topic, row.starts_at.replace(hour=0), row.key, row.outcome_code, row.verdict)
        sums[key] = sums.get(key, 0) + row.payments
    return [
        _row("d", topic, at, key, code, verdict, payments)
        for (topic, at, key, code, verdict), payments in sums.items()
    ]


@pytest.mark.parametrize("view", VIEWS)
def test_a_manager_sees_money_load_and_quality_at_a_glance(month, new_page, log_in, axe, screenshot, view):
    page = new_page(**VIEWS[view])
    log_in(page, unique("mira"), "dashboard.view_dashboard", "dashboard.export_facts", "rules.view_rule")
    page.get_by_role("link", name="Dashboard", exact=True).click()
    page.get_by_role("link", name="30 days").click()

    expect(page.get_by_role("heading", name="Money")).to_be_visible()
    expect(page.get_by_role("img", name="Payments by weekday and hour")).to_be_visible()
    assert "period=30d" in page.url
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if view != "phone":
        screenshot(page, "dashboard" if view == "light" else "dashboard-dark", "#content")
    for each in page.get_by_text("The same as a table").all():
        each.click()
    expect(page.get_by_role("region", name="Outcomes over time as a table")).to_be_visible()
    assert axe(page) == []


def test_a_number_leads_to_its_list_by_keyboard(month, page, log_in, axe):
    log_in(page, unique("mira"), "dashboard.view_dashboard")
    page.goto("/admin/dashboard/?period=24h")
    page.get_by_role("region", name="Money by currency").get_by_role("link").first.focus()
    page.keyboard.press("Enter")

    page.wait_for_url("**/decisionfact/**")
    expect(page.get_by_role("heading", name="Decisions")).to_be_visible()
    assert axe(page) == []


def test_days_of_ones_own_are_in_the_address(month, page, log_in):
    log_in(page, unique("mira"), "dashboard.view_dashboard")
    page.goto("/admin/dashboard/")
    page.get_by_label("From", exact=True).fill("2026-01-01")
    page.get_by_label("To", exact=True).fill("2026-01-31")
    page.get_by_role("button", name="Show").click()

    page.wait_for_url("**/?from=2026-01-01&to=2026-01-31*")
    expect(page.get_by_text("No payment of this period.")).to_be_visible()
