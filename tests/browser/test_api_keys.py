"""An operator looks after a client and its keys: with the keyboard, in the dark, and on a phone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from ledger.services.api_keys import client_key_revoke, client_key_rotate
from sentinel.api.models import ApiKey, GatewayClient
from sentinel.api.services import api_key_create, client_create, client_secret_rotate
from tests.admin.conftest import OPERATOR
from tests.browser.conftest import unique
from tests.browser.keys import press, tab_to

pytestmark = pytest.mark.journey

NAME = "Corner Books Gateway"
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


@pytest.fixture
def client(committed) -> GatewayClient:
    """Some months of it: a key in use, one that is being replaced and still used, and those before."""
    GatewayClient.objects.filter(name=NAME).update(name=unique(NAME))  # of an earlier test
    made = client_create(
        name=NAME,
        scopes=["transactions:write", "transactions:read", "reversals:write", "labels:write", "decisions:explain"],
        allowed_networks=["203.0.113.0/24", "2001:db8:40::/48"],
        rate="200/s",
    )
    client_secret_rotate(client=made)
    now = timezone.now()
    for name, days_ago, ends in (
        ("kiosk, Pune", 300, "revoked"),
        ("checkout, Mumbai", 200, "rotated"),
        ("terminals", 90, ""),
    ):
        key, _ = api_key_create(client=made, name=name)
        ApiKey.objects.filter(pk=key.pk).update(created_at=now - timedelta(days=days_ago))
        if ends == "revoked":
            client_key_revoke(key=key, actor="olivia", now=now - timedelta(days=120))
        elif ends == "rotated":
            new, _ = client_key_rotate(
                key=key, overlap=timedelta(days=7), actor="olivia", now=now - timedelta(days=1)
            )
            ApiKey.objects.filter(pk=new.pk).update(created_at=now - timedelta(days=1))
            _used(new, now - timedelta(seconds=40), "203.0.113.9")
            _used(key, now - timedelta(minutes=3), "203.0.113.21")
        else:
            _used(key, now - timedelta(minutes=1), "2001:db8:40::7")
    return made


def _used(key: ApiKey, moment, address: str) -> None:
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=moment, last_used_from=address)


def old_key(client: GatewayClient) -> ApiKey:
    return client.api_keys.get(replacement__isnull=False)


@pytest.fixture
def operator(log_in):
    def enter(page: Page) -> Page:
        log_in(page, unique("olivia"), *OPERATOR, "ledger.view_auditentry")
        return page

    return enter


def wide_enough(page: Page) -> bool:
    """Nothing sticks out at the side."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("view", VIEWS)
def test_a_client_and_its_keys_are_read(client, new_page, operator, axe, screenshot, view):
    page = operator(new_page(**VIEWS[view]))
    page.goto(f"/admin/api/gatewayclient/?q={client.name}")
    assert axe(page) == []

    page.goto(f"/admin/api/gatewayclient/{client.pk}/change/")
    expect(page.get_by_text("whoever calls from there needs the new key")).to_be_visible()
    assert axe(page) == []
    assert wide_enough(page)
    if view != "phone":
        screenshot(page, "keys" if view == "light" else "keys-dark", "#content")

    page.goto(f"/admin/api/apikey/{old_key(client).pk}/change/")
    expect(page.get_by_text("being replaced")).to_be_visible()
    assert axe(page) == []
    assert wide_enough(page)


def test_a_key_is_rotated_by_keyboard_and_copied(client, new_page, operator, axe):
    page = operator(new_page(permissions=["clipboard-read", "clipboard-write"]))
    key = client.api_keys.get(name="terminals")
    page.goto(f"/admin/api/apikey/{key.pk}/change/")
    press(page, page.get_by_role("link", name="Rotate"))

    page.wait_for_url("**/rotate/")
    assert axe(page) == []
    tab_to(page, page.get_by_label("The key in use works for another"))
    page.keyboard.type("30")
    press(page, page.get_by_role("button", name="Make the new key"))

    secret = page.locator("#secret").inner_text()
    assert secret.startswith("sk_live_")
    expect(page.get_by_text("works until")).to_be_visible()
    assert axe(page) == []
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    key.refresh_from_db()
    assert timedelta(days=29) < key.expires_at - timezone.now() <= timedelta(days=30)


def test_networks_that_cannot_be_are_marked_and_what_was_typed_stays(client, new_page, operator, axe):
    page = operator(new_page())
    page.goto(f"/admin/api/gatewayclient/{client.pk}/change/")
    page.get_by_label("It calls from").fill("203.0.113.0/24\noffice")
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_text("office is not a network such as")).to_be_visible()
    expect(page.get_by_label("It calls from")).to_have_value("203.0.113.0/24\noffice")
    assert axe(page) == []
    client.refresh_from_db()
    assert client.allowed_networks == ["203.0.113.0/24", "2001:db8:40::/48"]
