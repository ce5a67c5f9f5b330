"""The page of a case as a reviewer sees it: in the light, in the dark, on a phone, by keyboard."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from ledger.domain.decisions import Reason
from ledger.models import Case
from ledger.services.cases.working import case_escalate, case_note_add
from ledger.services.labels import label_attach
from rules.domain.definitions import RuleDraft
from rules.models import Rule
from rules.services.rules import rule_save
from sentinel.core.catalogue import FIELDS, INDEX, Value, pack
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Action
from tests.browser.conftest import unique
from tests.ledger.cases import Bank

pytestmark = pytest.mark.journey

VIEWS: dict[str, dict[str, Any]] = {
    "case": {"color_scheme": "light", "viewport": {"width": 1400, "height": 1000}},
    "case-dark": {"color_scheme": "dark", "viewport": {"width": 1400, "height": 1000}},
    "case-phone": {"viewport": {"width": 390, "height": 844}},
}
REVIEWER = (
    "ledger.view_case",
    "ledger.work_case",
    "ledger.view_transaction",
    "ledger.view_account",
    "ledger.view_hold",
    "ledger.view_personaldetail",
    "ledger.reveal_personaldetail",
    "ledger.view_auditentry",
    "rules.view_rule",
    "rules.add_rulesnooze",
    "rules.view_rulesetversion",
    "rules.add_listitem",
    "scoring.view_policyversion",
    "scoring.view_modelversion",
    "webhooks.view_delivery",
)
PLACES = {
    "Mumbai": (19.08, 72.88, "IN"),
    "Pune": (18.52, 73.86, "IN"),
    "Dubai": (25.20, 55.27, "AE"),
    "Lagos": (6.52, 3.38, "NG"),
}
SHOPS = (("m_1", "Corner Books", "5942"), ("m_2", "Daily Grocer", "5411"), ("m_3", "Metro Cabs", "4121"))
FAR_AND_HIGH = {
    "combinator": "all",
    "conditions": [
        {"field": "speed_kmh", "operator": "greater_than", "value": 1000},
        {"field": "amount", "operator": "at_least", "value": {"amount": "5000", "currency": "INR"}},
        {
            "combinator": "any",
            "conditions": [
                {"field": "location_country", "operator": "not_equal", "other_field": "home_country"},
                {"field": "card_is_new", "operator": "is_true"},
            ],
        },
    ],
}


@pytest.fixture(scope="module")
def case(quiet_policy, django_db_blocker) -> Iterator[Case]:
    """An account at home in Mumbai, lately in Dubai. Its card is used in Lagos two hours after a purchase at home."""
    with django_db_blocker.unblock():
        yield _story(Bank(opening_balance_minor=900_000_000), timezone.now())


def _story(bank: Bank, now: datetime) -> Case:
    chance = random.Random(5)
    device, card = unique("dev"), unique("tok")
    for days in range(45, 0, -1):
        city = "Dubai" if 12 <= days <= 14 else "Pune" if days % 9 == 0 else "Mumbai"
        _buy(bank, chance, now - timedelta(days=days, hours=chance.uniform(0, 5)), city, device, card)
    _buy(bank, chance, now - timedelta(minutes=145), "Mumbai", device, card)
    new_device, shop = unique("dev"), {"merchant_id": unique("m"), "merchant_name": "Ikeja Phones"}
    for days in (4, 6):
        ring = {"device_id": new_device, "card_token": unique("tok"), "ip_address": "198.51.100.44"}
        stolen = Bank(name="Sam Okoro").approved(now=now - timedelta(days=days), amount_minor=900_000, **ring)
        _fraud(stolen, now - timedelta(days=3))
    details = {**_place("Lagos"), **shop, "device_id": new_device, "card_token": card, "ip_address": "198.51.100.71"}
    case = bank.hold(
        amount_minor=48_500_00,
        now=now - timedelta(minutes=25),
        channel="ecommerce",
        merchant_category="5732",
        merchant_country="NG",
        verdict_changes=_decided(now),
        **details,
    )
    user, _ = User.objects.get_or_create(username="rita")
    case_note_add(
        case_id=case.pk,
        author="rita",
        text="Called the customer, no answer.",
        now=now - timedelta(minutes=15),
    )
    case_escalate(
        case_id=case.pk, user=user, note="Same device as https://bank.example/ring/17", now=now - timedelta(minutes=9)
    )
    _buy(bank, chance, now - timedelta(minutes=4), "Mumbai", device, card)
    return case


def _buy(bank: Bank, chance: random.Random, at: datetime, city: str, device: str, card: str) -> None:
    shop, name, category = chance.choice(SHOPS)
    told = {
        "ip_address": "192.0.2.17",
        "merchant_id": shop,
        "merchant_name": name,
        "merchant_category": category,
        "channel": "pos",
    }
    amount = chance.randrange(200_00, 4_000_00)
    bank.approved(now=at, amount_minor=amount, device_id=device, card_token=card, **told, **_place(city))


def _place(city: str) -> dict[str, Any]:
    latitude, longitude, country = PLACES[city]
    return {"latitude": latitude, "longitude": longitude, "location_city": city, "location_country": country}


def _fraud(payment: Any, at: datetime) -> None:
    label_attach(payment=payment, is_fraud=True, source="chargeback", observed_at=at, actor="acme", label_id=uuid7(),
                 now=at)  # fmt: skip


def _decided(now: datetime) -> dict[str, Any]:
    rule = Rule(code=unique("too_far"), name="Too far to have travelled")
    draft = RuleDraft(Action.REVIEW, "rule.too_far", "Too far from the previous payment", FAR_AND_HIGH)
    rule_save(actor="ana", rule=rule, draft=draft, now=now)
    known: dict[str, Value] = {
        "amount": 48_500_00, "currency": "INR", "location_country": "NG", "home_country": "IN", "speed_kmh": 3810.3,
        "distance_km": 7620.7, "usual_amount_30d": 2_104_00, "amount_vs_usual_30d": 23.05, "payments_30d": 31,
        "history_days": 29.6, "payments_1h": 0, "payments_24h": 2, "amount_24h": 3_300_00, "card_is_new": False,
        "device_is_new": True, "merchant_is_new": True, "is_night": False, "hour": 14, "channel": "ecommerce",
    }  # fmt: skip
    values: list[Value] = [None] * len(FIELDS)
    for name, value in known.items():
        values[INDEX[name]] = value
    reasons = (
        Reason("rule.too_far", "Too far from the previous payment to have travelled in time", "rule"),
        Reason("model.amount_vs_history", "23 times this account's usual amount", "model", 0.3121),
        Reason("model.card_and_device", "The device is new to the account", "model", 0.1408),
    )
    version = rule.versions.get().pk
    return {"reasons": reasons, "snapshot": pack(values), "rule_hits": (version,), "score_percentile": 0.9981}


@pytest.mark.parametrize("view", VIEWS)
def test_a_reviewer_sees_at_a_glance_what_speaks_for_and_against(case, new_page, log_in, axe, screenshot, view):
    page = new_page(**VIEWS[view])
    log_in(page, unique("rosa"), *REVIEWER)
    page.goto(f"/admin/reviewing/cases/{case.pk}/")

    expect(page.get_by_text("Nobody travels so fast.")).to_be_visible()
    expect(page.get_by_role("img", name="Map of the last payments")).to_be_visible()
    expect(page.get_by_text("2 known frauds")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    screenshot(page, view, ".deciding")
    for each in page.locator("summary").all():
        each.click()
    assert axe(page) == []


def test_details_are_revealed_on_the_case_itself(case, page, log_in, axe):
    log_in(page, unique("rosa"), *REVIEWER)
    page.goto(f"/admin/reviewing/cases/{case.pk}/")
    page.get_by_text("Reveal…").click()
    page.get_by_label("Reason", exact=True).select_option("review")
    page.get_by_label("Which case or request").fill("this case")
    page.get_by_role("button", name="Reveal for one view").click()

    page.wait_for_url(f"**/reviewing/cases/{case.pk}/")
    expect(page.get_by_text("Shown in full for this view.")).to_be_visible()
    expect(page.get_by_text("Places are drawn to a whole degree.")).to_have_count(0)
    assert axe(page) == []


def test_a_payment_without_a_case_offers_one(case, page, log_in, axe, complaints):
    payment = case.transaction.account.transactions.exclude(pk=case.pk).first()
    log_in(page, unique("rosa"), *REVIEWER)
    page.goto(f"/admin/reviewing/cases/{payment.pk}/")

    expect(page.get_by_role("heading", name="This payment has no case")).to_be_visible()
    expect(page.get_by_role("button", name="Open a case")).to_be_visible()
    assert axe(page) == []
    assert len(complaints) == 1  # the browser's own word that there is none
    complaints.clear()
