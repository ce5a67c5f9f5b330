"""Stories in a real browser: Debian's Chromium, driven by Playwright, against a server on the test database.

`page` is strict: a test fails when the page writes an error to its console, a refusal by the Content-Security-Policy
included. Rows stay after the test, since the server commits them: use names of their own (`unique`).
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connections
from django.test.utils import override_settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from rules.domain.stages import Stage
from scoring.models import PolicyRelease
from scoring.services.policies import policy_release

CHROMIUM = Path(os.environ.get("SENTINEL_TEST_CHROMIUM", "/usr/bin/chromium"))
PASSWORD = "a long password for tests"
ANALYST = ("rules.view_rule", "rules.add_rule", "rules.change_rule", "rules.view_ruleversion")
WAIT_MS = 15_000
REQUEST_TIMEOUT_SECONDS = 10


@pytest.fixture(scope="module")
def site(django_db_setup, django_db_blocker) -> Iterator[tuple[str, Browser]]:
    """A server and a browser: one fixture, so that whoever tries a test again ends both or none.

    Per module: while the browser is open, an event loop runs in this thread, which other tests must not meet.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"Browser tests need Chromium at {CHROMIUM}. On Debian: apt install chromium.")
    with _served(django_db_blocker) as base_url, _chromium() as browser:
        yield base_url, browser


@contextmanager
def _served(django_db_blocker) -> Iterator[str]:
    """The base URL of a server that commits what it is sent."""
    with django_db_blocker.unblock(), override_settings(ALLOWED_HOSTS=["localhost"]):
        server = LiveServer("localhost")
        try:
            yield server.url
        finally:
            server.stop()
            for thread in threading.enumerate():  # a last request may still hold its database connection
                if "process_request_thread" in thread.name:
                    thread.join(REQUEST_TIMEOUT_SECONDS)


@contextmanager
def _chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield browser
            browser.close()
        finally:
            connections.close_all()  # those of the event loop's context; nobody else would


@pytest.fixture
def complaints() -> list[str]:
    """What the pages of this test wrote to their consoles as errors."""
    return []


@pytest.fixture
def new_page(site: tuple[str, Browser], committed, complaints: list[str]) -> Iterator[Callable[..., Page]]:
    """Makes strict pages; the arguments are those of a browser context."""
    base_url, chromium = site
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> Page:
        usual = {"base_url": base_url, "viewport": {"width": 1280, "height": 1000}}
        context = chromium.new_context(**(usual | options))
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(new_page) -> Page:
    return new_page()


@pytest.fixture
def log_in() -> Callable[..., str]:
    """Signs somebody in by the login page: log_in(page, "ana", *permissions). Returns the user's name."""

    def log_in_as(page: Page, username: str, *permissions: str) -> str:
        user, is_new = User.objects.get_or_create(username=username, defaults={"is_staff": True})
        if is_new:
            user.set_password(PASSWORD)
            user.save()
        for name in permissions:
            app_label, codename = name.split(".")
            user.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
        page.goto("/admin/login/?next=/admin/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/admin/")
        return username

    return log_in_as


@pytest.fixture
def axe(complaints: list[str]) -> Callable[..., list[str]]:
    """What axe finds wrong with a page, or with the part of it that a selector names."""
    from axe_playwright_python.sync_playwright import Axe

    def violations(page: Page, selector: str | None = None) -> list[str]:
        page.wait_for_load_state()  # a click comes back before the page it leads to has been read
        before = list(complaints)
        found = Axe().run(page, context=selector).response["violations"]
        complaints[:] = before  # axe tries inline styles of its own, which the policy blocks
        return [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]

    return violations


@pytest.fixture
def screenshot() -> Callable[..., None]:
    """Keeps a picture of a part of the page under docs/images, only when SENTINEL_WRITE_DOCS is set."""

    def keep(page: Page, name: str, selector: str = "body") -> None:
        if os.environ.get("SENTINEL_WRITE_DOCS"):
            images = Path(__file__).parents[2] / "docs" / "images"
            page.mouse.move(0, 0)
            page.locator(selector).screenshot(path=images / f"{name}.png", animations="disabled")

    return keep


@pytest.fixture(autouse=True)
def indian_bank(monkeypatch) -> None:
    """New conditions begin in rupees, whichever accounts other tests left."""
    monkeypatch.setattr("rules.admin.builder.usual_currency", lambda: "INR")


@pytest.fixture
def quiet_afterwards(committed) -> Iterator[None]:
    """Other tests count on a policy that has no say."""
    before = PolicyRelease.objects.first()
    assert before
    assert before.live_id
    yield

    def back(release):
        return release.without_trial().with_placed(before.live_id, Stage.LIVE)

    policy_release(actor="tests", change=back, note="", now=timezone.now())


def unique(name: str) -> str:
    """A name that no other test and no earlier run has used."""
    return f"{name}_{uuid4().hex[:8]}"
