"""System status as an operator sees it: in the light, in the dark, on a phone."""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from dashboard.models import FigureLimit, KeptWarning, Reading, SystemAlarm
from ledger.models import OutboxPending
from rules.models import Alarm
from tests.browser.conftest import unique
from webhooks.models import Delivery
from webhooks.models.deliveries import DeliveryState

pytestmark = pytest.mark.journey

VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1400, "height": 1000}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1400, "height": 1000}},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
# Figure and subject -> what is usual, and by how much it swings.
USUAL: dict[tuple[str, str], tuple[float, float]] = {
    ("request_rate", ""): (180, 120),
    ("payment_rate", ""): (150, 100),
    ("payment_ms_p50", ""): (14, 4),
    ("payment_ms_p95", ""): (31, 9),
    ("payment_ms_p99", ""): (58, 20),
    ("error_percent", ""): (0.05, 0.05),
    ("degraded_percent", ""): (0.2, 0.2),
    ("queue_depth", "sentinel.tasks"): (3, 3),
    ("queue_depth", "sentinel.deliveries"): (12, 12),
    ("outbox_events", ""): (4, 4),
    ("outbox_age_seconds", ""): (1, 1),
    ("delivery_age_seconds", ""): (2, 2),
    ("facts_age_seconds", ""): (35, 30),
    ("entity_history_missing", ""): (0, 0),
    ("model_age_days", ""): (9, 0),
    ("database_connections_percent", ""): (24, 5),
    ("cpu_percent", "bank-1"): (48, 30),
    ("memory_percent", "bank-1"): (61, 3),
    ("disk_percent", "bank-1"): (91, 1),
}
MINUTES = 24 * 60


@pytest.fixture(scope="module")
def a_day(django_db_setup, django_db_blocker) -> Iterator[None]:
    """A day of readings, and a disk that is nearly full. They are gone afterwards."""
    with django_db_blocker.unblock():
        _clear()
        _leave_nothing_waiting()
        now = timezone.now().replace(second=0, microsecond=0)
        rows = [
            Reading(
                minute=now - timedelta(minutes=ago), figure=figure, subject=subject,
                value=max(0.0, usual + swing * math.sin(ago / 190) + swing * 0.2 * math.sin(ago / 7)),
            )
            for (figure, subject), (usual, swing) in USUAL.items()
            for ago in range(0, MINUTES, 5)
        ]  # fmt: skip
        Reading.objects.bulk_create(rows, batch_size=5_000)
        told = Alarm.objects.create(kind="system.disk_percent", subject="x", words="x", raised_at=now, seen_at=now)
        usual = {"subject": "bank-1", "alarm": told}
        SystemAlarm.objects.create(
            **usual, figure="disk_percent", limit=90, worst=91.9, last=91.6, opened_at=now - timedelta(minutes=14),
            words="Disk in use (bank-1): 91.6 %. The limit of 90 % has been passed for 5 minutes. Make room, or move"
            " SENTINEL_VAR_DIR to a larger disk.",
        )  # fmt: skip
        SystemAlarm.objects.create(
            **usual, figure="cpu_percent", limit=95, worst=99.2, last=61.0, opened_at=now - timedelta(hours=5),
            closed_at=now - timedelta(hours=4, minutes=38),
            words="Processor in use (bank-1): 97.4 %. The limit of 95 % has been passed for 10 minutes.",
        )  # fmt: skip
        KeptWarning.objects.create(
            level="warning", logger="sentinel.api.rate_limit", process="bank-1:412", occurrences=3,
            message="rate limit counted in this process only: connection refused",
        )  # fmt: skip
        KeptWarning.objects.create(
            level="error", logger="webhooks.services.sending", process="bank-1:398",
            message="a delivery could not be written down: OperationalError",
        )  # fmt: skip
    yield
    with django_db_blocker.unblock():
        _clear()


def _clear() -> None:
    for model in (SystemAlarm, Reading, KeptWarning, FigureLimit):
        model.objects.all().delete()


def _leave_nothing_waiting() -> None:
    """Other tests leave events and deliveries that nobody handed out, for which the services are not well."""
    OutboxPending.objects.all().delete()
    Delivery.objects.filter(state=DeliveryState.WAITING).update(next_attempt_at=timezone.now() + timedelta(days=1))


@pytest.fixture
def operator(log_in) -> Any:
    def log_in_here(page: Any) -> None:
        names = ("systemalarm", "apicall", "keptwarning", "reading", "requestminute", "figurelimit")
        permissions = [f"dashboard.view_{name}" for name in names] + ["dashboard.add_figurelimit"]
        log_in(page, unique("olivia"), *permissions)

    return log_in_here


@pytest.mark.parametrize("view", VIEWS)
def test_what_is_wrong_comes_first(view: str, new_page, operator, axe, screenshot, a_day) -> None:
    page = new_page(**VIEWS[view])
    operator(page)
    page.get_by_role("link", name="System status", exact=True).first.click()

    expect(page.get_by_role("heading", name="System status")).to_be_visible()
    expect(page.get_by_text("Every service answers. 1 alarm is open.")).to_be_visible()
    expect(page.get_by_role("link", name="Disk in use (bank-1)")).to_be_visible()
    expect(page.locator("figure")).to_have_count(8)
    expect(
        page.get_by_role("row", name="Disk in use bank-1").get_by_role("cell", name="9", exact=False)
    ).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert axe(page) == []
    if view != "phone":
        screenshot(page, "system-status" if view == "light" else "system-status-dark", "#content")


def test_a_limit_is_one_click_away(new_page, operator, a_day) -> None:
    page = new_page()
    operator(page)
    page.goto("/admin/system/")
    page.get_by_role("link", name="change the limit of Processor in use, bank-1").click()

    expect(page.get_by_label("Limit:")).to_have_value("95")
    page.get_by_label("Limit:").fill("85")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("was added successfully")).to_be_visible()
    page.goto("/admin/system/")
    expect(page.get_by_role("row", name="Processor in use bank-1")).to_contain_text("85 % for 10 min")
    FigureLimit.objects.all().delete()
