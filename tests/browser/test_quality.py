"""Data quality as an operator sees it: in the light, in the dark, on a phone."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from scoring.models import QualityCount, QualityFinding, RefusedRequest
from sentinel.core.ids import uuid7
from tests.browser.conftest import unique
from tests.factories import make_client

pytestmark = pytest.mark.journey

Kind = QualityCount.Kind
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1400, "height": 1000}},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
SHARES = {
    "device.id": 0.08, "device.ip": 0.1, "device.user_agent": 0.3, "card": 0.02, "channel": 0.01,
    "merchant.category_code": 0.05, "merchant.country": 0.06, "location.city": 0.6, "location.latitude": 0.85,
    "metadata": 0.95,
}  # fmt: skip
REFUSED = {("amount", "over_precise"): 5, ("currency", "unknown_currency"): 9, ("merchant", "required"): 3}
KEPT: tuple[tuple[str, int, list[tuple[str, str, str]]], ...] = (
    ("invalid_request", 400, [("currency", "unknown_currency", "RUPEE"), ("amount", "over_precise", "12.345")]),
    ("invalid_request", 400, [("device.ip", "wrong_format", "text of 13 characters")]),
    ("account_unknown", 422, [("account_id", "unknown", "text of 9 characters")]),
    ("invalid_request", 400, [("merchant.mcc", "unknown_field", "text of 4 characters")]),
    ("malformed_json", 400, []),
)


@pytest.fixture(scope="module")
def clients(django_db_setup, django_db_blocker) -> Iterator[list[Any]]:
    """Three gateways and their fortnight; the first has lost its devices today. Their counts are gone afterwards."""
    with django_db_blocker.unblock():
        _clear()
        now, chance = timezone.now(), random.Random(4)
        made = [make_client(livemode=live) for live in (True, True, False)]
        for place, (client, name) in enumerate(
            zip(made, ("web shop", "card terminals", "web shop, test"), strict=True)
        ):
            client.name = unique(name)
            client.save()
            QualityCount.objects.bulk_create(_fortnight(client, now.date(), chance, loses_devices=place == 0))
        shop = made[0]
        finding = {"client": shop, "kind": Kind.MISSING, "usual_share": 0.08}
        QualityFinding.objects.create(**finding, field="device.id", share=0.46, opened_at=now - timedelta(hours=2))
        ended = {"opened_at": now - timedelta(days=5), "closed_at": now - timedelta(days=4, hours=20)}
        QualityFinding.objects.create(**finding, field="merchant.country", share=0.31, **ended)
        for ago, (code, status, faults) in enumerate(KEPT):
            told = [{"field": field, "code": fault, "sent": sent} for field, fault, sent in faults]
            at = now - timedelta(minutes=3 * ago)
            RefusedRequest.objects.create(
                id=uuid7(int(at.timestamp() * 1e9)),
                client=shop,
                refused_at=at,
                route="transactions",
                status_code=status,
                code=code,
                faults=told,
            )
    yield made
    with django_db_blocker.unblock():
        _clear()


def _clear() -> None:
    for model in (QualityCount, QualityFinding, RefusedRequest):
        model.objects.all().delete()


def _fortnight(client, today, chance: random.Random, *, loses_devices: bool) -> list[QualityCount]:
    found = []

    def add(day, kind: str, requests: float, field: str = "", code: str = "") -> None:
        if requests >= 1:
            found.append(
                QualityCount(client=client, day=day, kind=kind, field=field, code=code, requests=int(requests))
            )

    for ago in range(15):
        day, payments = today - timedelta(days=ago), chance.randrange(8_000, 14_000)
        add(day, Kind.RECEIVED, payments, "purchase")
        for name, share in SHARES.items():
            lost = 0.46 if loses_devices and ago == 0 and name == "device.id" else share * chance.uniform(0.8, 1.2)
            add(day, Kind.MISSING, payments * min(lost, 1), name)
        for (name, code), each in REFUSED.items():
            add(day, Kind.REFUSED, payments * each * chance.uniform(0.5, 1.5) / 1000, name, code)
        add(day, Kind.TURNED_AWAY, payments * 0.015, code="invalid_request")
        add(day, Kind.TURNED_AWAY, payments * 0.002, code="account_unknown")
        add(day, Kind.REPLAYED, payments * 0.004)
        add(day, Kind.SAME_REFERENCE, chance.randrange(3))
    return found


@pytest.mark.parametrize("view", VIEWS)
def test_an_operator_finds_what_is_wrong_and_looks_at_the_requests(clients, new_page, log_in, axe, screenshot, view):
    page = new_page(**VIEWS[view])
    log_in(page, unique("olga"), "scoring.view_qualitycount", "scoring.view_refusedrequest")
    page.goto("/admin/data-quality/")

    expect(page.get_by_text("of payments come without device.id")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if view == "light":
        screenshot(page, "data-quality", "#content")
    assert axe(page) == []
    page.get_by_role("link", name=clients[0].name).first.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name=clients[0].name)).to_be_visible()
    expect(page.get_by_role("region", name="Refused requests, the newest first").get_by_text("RUPEE")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if view != "phone":
        screenshot(page, "data-quality-client" if view == "light" else "data-quality-client-dark", "#content")
    assert axe(page) == []
