"""An operator adds an endpoint, looks after it and reads its log: with the keyboard, in the dark, and on a phone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from sentinel.api.models import GatewayClient
from sentinel.api.services import client_create
from sentinel.core.ids import uuid7
from tests.admin.conftest import HOOKS_OPERATOR
from tests.admin.webhook_rows import attempt_row, delivery_row, endpoint_row
from tests.browser.conftest import unique
from webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.journey

VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
TYPES = ("transaction.approved", "transaction.declined", "transaction.review_opened")
BODY = (
    '{"id":"evt_%s","type":"%s","version":1,"timestamp":"2026-01-30T09:41:07Z","livemode":true,'
    '"sequence":1,"data":{"id":"txn_019c0e5d7a1c7c3f8a52d1b0f3a9e417",'
    '"amount":"5400.00","currency":"INR","account_id":"acc_alice","merchant_id":"m_17"}}'
)


@pytest.fixture
def client(committed) -> Iterator[GatewayClient]:
    """Its endpoints go with the test: others count what is there."""
    found = GatewayClient.objects.filter(name="Corner Gateway").first() or client_create(name="Corner Gateway")
    yield found
    found.endpoints.all().delete()


@pytest.fixture
def endpoint(client) -> Endpoint:
    """Some hours of it: nearly all arrived, one waits, one is dead."""
    now = timezone.now()
    found = endpoint_row(
        client,
        description="Orders, Mumbai",
        url="https://hooks.corner-gateway.example/sentinel",
        headers={"Authorization": "Bearer shop-7"},
        created_at=now - timedelta(days=40),
    )
    for number in range(18):
        add(found, now - timedelta(minutes=7 * number, seconds=13), "delivered", number)
    lost = add(found, now - timedelta(hours=28), "dead", 0, ended_at=now - timedelta(hours=6))
    for ago, result, status in ((28, "timed_out", None), (6, "refused", 503)):
        words = f"The receiver answered {status}." if status else "No answer in 15 seconds."
        head = (
            "HTTP/1.1 503 Service Unavailable\ncontent-type: text/html\nretry-after: 120\n\nback soon"
            if status
            else ""
        )
        attempt_row(
            lost,
            result,
            started_at=now - timedelta(hours=ago),
            duration_ms=341 if status else 15_004,
            status_code=status,
            words=words,
            response_head=head,
        )
    due = {"attempts_made": 1, "next_attempt_at": now + timedelta(minutes=4, seconds=12)}
    attempt_row(add(found, now - timedelta(seconds=40), "waiting", 2, **due), "refused", status_code=503)
    return found


def add(endpoint: Endpoint, made_at: datetime, state: str, number: int, **fields: Any) -> Delivery:
    event_id = uuid7(int(made_at.timestamp() * 1e9))
    told = {"attempts_made": 8 if state == "dead" else 1, "transaction_id": uuid7()} | fields
    delivery = delivery_row(
        endpoint,
        state=state,
        now=made_at,
        id=uuid7(int(made_at.timestamp() * 1e9)),
        event_id=event_id,
        event_type=TYPES[number % 3],
        body=BODY % (event_id.hex, TYPES[number % 3]),
        **told,
    )
    if state == "delivered":
        attempt_row(delivery, started_at=made_at, duration_ms=60 + 9 * (number % 11), status_code=200)
    return delivery


def wide_enough(page: Page) -> bool:
    """Nothing sticks out at the side."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.fixture
def operator(log_in):
    def enter(page: Page) -> Page:
        log_in(page, unique("omar"), *HOOKS_OPERATOR, "ledger.view_event", "api.view_gatewayclient")
        return page

    return enter


@pytest.mark.parametrize("view", VIEWS)
def test_endpoint_and_log_are_read(endpoint, new_page, operator, axe, screenshot, view):
    page = operator(new_page(**VIEWS[view]))

    def keep(name: str) -> None:
        if view == "light":
            screenshot(page, name, "#content")

    page.goto("/admin/webhooks/endpoint/?q=corner-gateway")
    assert axe(page) == []
    page.goto(f"/admin/webhooks/endpoint/{endpoint.pk}/change/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Orders, Mumbai")
    assert axe(page) == []
    assert wide_enough(page)
    keep("endpoint")

    page.goto(f"/admin/webhooks/delivery/?endpoint={endpoint.public_id}")
    assert axe(page) == []
    keep("delivery-log")

    lost = endpoint.deliveries.get(state="dead")
    page.goto(f"/admin/webhooks/delivery/{lost.pk}/change/")
    expect(page.get_by_text("No answer in 15 seconds.")).to_be_visible()
    assert axe(page) == []
    assert wide_enough(page)
    keep("delivery")


@pytest.mark.parametrize("view", ["light", "dark"])
def test_an_endpoint_is_added_by_keyboard_and_its_secret_copied(client, new_page, operator, axe, view):
    page = operator(new_page(**VIEWS[view], permissions=["clipboard-read", "clipboard-write"]))
    page.goto(f"/admin/webhooks/endpoint/add/?client={client.pk}")
    assert axe(page) == []

    page.get_by_label("URL").focus()
    page.keyboard.type("https://10.0.0.7/")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is not a public address")).to_be_visible()
    assert axe(page) == []

    page.get_by_label("URL").fill("https://hooks.example.com/in")
    page.keyboard.press("Tab")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the first event
    page.keyboard.press("Enter")
    secret = page.locator("#secret").inner_text()
    assert axe(page) == []

    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("link", name="I have it, go on").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("by keyboard")
    assert client.endpoints.get().event_types == ["transaction.approved"]


def test_the_secret_is_there_without_scripts(endpoint, new_page, operator):
    page = operator(new_page(java_script_enabled=False))
    page.goto(f"/admin/webhooks/endpoint/{endpoint.pk}/step/rotate/")
    page.get_by_role("button", name="Rotate the secret").click()

    expect(page.locator("#secret")).to_contain_text("whsec_")
    assert page.get_by_role("button", name="Copy").count() == 0


def test_dead_letters_are_replayed_from_the_log(endpoint, new_page, operator, axe):
    page = operator(new_page())
    page.goto(f"/admin/webhooks/delivery/?endpoint={endpoint.public_id}&state=dead")
    page.get_by_role("link", name="Replay all that match").press("Enter")
    expect(page.get_by_role("heading", name="Replay 1 delivery?")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Replay 1").press("Enter")

    expect(page.get_by_text("1 delivery is back in the queue")).to_be_visible()
    assert not endpoint.deliveries.filter(state="dead").exists()
