"""How a model fares, as an operator sees it: by day, in the dark, and on a phone."""

import random
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from scoring.models import ModelDay, ModelReading, ModelVersion
from tests.browser.conftest import unique
from tests.scoring.conftest import NOW

pytestmark = pytest.mark.journey

LAST = date(2026, 1, 29)
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
INPUTS = ("amount_average_30d", "merchant_payments_24h", "hour", "card_payments_1h", "frauds_of_merchant_14d")


@pytest.fixture
def model(committed) -> ModelVersion:
    """Seven weeks of it; the alerts have doubled on the last two days."""
    number = uuid4().int % 10**6
    found = ModelVersion.objects.create(
        version=f"seen-2026-01-30.{number}",
        kind="boosted_trees",
        catalogue_version=1,
        sha256="a" * 64,
        manifest={"forest": {}, "classifier": {}},
        state="retired",
        created_at=NOW - timedelta(days=1),
    )
    chance = random.Random(5)
    for ago in reversed(range(50)):
        alerts = chance.randint(62, 78) * (2 if ago < 2 else 1)
        promised = [0.55 + each / 10 for each in range(5)]
        came_true = [
            [20, 20 * p, 20 * p * (1 - p), sum(chance.random() < p - 0.03 for _ in range(20))] for p in promised
        ]
        ModelDay.objects.create(
            model=found,
            day=LAST - timedelta(days=ago),
            payments=10_000,
            alerts=alerts,
            forest_alerts=chance.randint(5, 9),
            reviewed=30,
            reviewed_frauds=chance.randint(18, 24),
            due=10_000,
            matured=9_950,
            calibration=[[0, 0.0, 0.0, 0]] * 5 + came_true,
        )
    add_readings(found)
    return found


def add_readings(model: ModelVersion) -> None:
    told: list[tuple[str, float, str, date | None]] = [
        ("alert_rate", 0.0142, "1.42% of the day's payments are alerts; usual is 0.70%, from 0.37% to 1.03%.", LAST),
        ("matured_share", 0.995, "99.5% of 280000 payments that are old enough have a label; usual is 99.5%.", None),
    ]
    for place, name in enumerate(INPUTS):
        index = (0.19, 0.07, 0.04, 0.01, 0.002)[place]
        told.append((f"stability.{name}", index, "", LAST - timedelta(days=3) if index > 0.1 else None))
        told.append((f"missing.{name}", 0.01 * place, "", None))
    for code, value, words, out in told:
        ModelReading.objects.create(
            model=model, code=code, value=value, low=0, high=0.1, words=words, day=LAST, out_since=out, read_at=NOW
        )


@pytest.mark.parametrize("view", VIEWS)
def test_an_operator_sees_what_left_its_band(model, new_page, log_in, axe, screenshot, view):
    page = new_page(**VIEWS[view])
    log_in(page, unique("otto"), "scoring.view_modelversion")
    page.goto(f"/admin/scoring/modelversion/{model.pk}/change/")
    page.get_by_role("link", name="How it fares on live payments").click()

    expect(page.get_by_role("img", name="Alerts of 50 days")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("1.42% of the day's payments are alerts")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if view == "light":
        screenshot(page, "model-watch", "#content")
    for each in page.get_by_text("The same as a table").all():
        each.click()
    expect(page.get_by_role("region", name="Days")).to_contain_text("29 Jan 2026")
    assert axe(page) == []
