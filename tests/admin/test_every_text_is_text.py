"""What people and gateways write is shown as text on every page, whatever it looks like."""

import re
import time
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.services.facts import facts_fill
from ledger.selectors import settled
from ledger.services.revealing import REASONS
from tests.dashboard.told import facts_begin
from tests.every_page import pages
from tests.filled_site import fill_site

# A name of the field, so that a page tells which one it shows, and what browsers must not take for more than text.
PROBE = "{name}\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{{{7*7}}}}<a href=javascript:alert(3)>"
SHORT_PROBE = "{name}\"'><i onclick=a()>"
# Fields that no page shows: they are only kept, or matched.
UNSEEN = {
    "list_import.fault",
    "list_import.reason",
    "log_in.path",
    "schedule.description",
}


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.faults: list[str] = []
        self._is_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self._is_script = tag == "script"
        self.texts += [value for value in told.values() if value]
        wrong = [name for name in told if name.startswith("on") or name == "srcdoc"]
        wrong += [name for name in ("href", "src", "action", "formaction") if _runs(told.get(name))]
        if wrong or told.get("src") == "x":
            self.faults.append(f"<{tag} {told}>")

    def handle_endtag(self, tag: str) -> None:
        self._is_script = False

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._is_script and "alert(" in data and "\\u003C" not in data:
            self.faults.append(data)


def _runs(address: str | None) -> bool:
    return (address or "").strip().lower().startswith(("javascript:", "data:", "vbscript:"))


def told(name: str, length: int) -> str:
    text = PROBE.format(name=name)
    return text if len(text) <= length else SHORT_PROBE.format(name=name)[:length]


@pytest.fixture
def chief(db) -> User:
    return User.objects.create_superuser("chief")


def test_what_is_written_anywhere_is_text_on_every_page(chief, monkeypatch):
    monkeypatch.setattr(settled, "MARGIN", timedelta(0))
    facts_begin()
    names: list[str] = []

    def told_and_noted(name: str, length: int) -> str:
        names.append(name)
        return told(name, length)

    fill_site(told_and_noted, chief)
    time.sleep(0.002)  # ids carry milliseconds
    facts_fill(now=timezone.now())
    client = Client()
    client.force_login(chief)

    faults: dict[str, list[str]] = {}
    seen: set[str] = set()
    addresses = pages(client)
    for url in addresses:
        page = Page(_looked_at(client, url))
        faults[url] = page.faults
        text = "\n".join(page.texts)
        seen |= {name for name in names if name in text}

    assert len(addresses) > 120
    assert {url: found for url, found in faults.items() if found} == {}
    assert set(names) - seen <= UNSEEN


def _looked_at(client: Client, url: str) -> str:
    """With the personal data that a page shows for a reason."""
    reason = {"reason": next(iter(REASONS)), "words": "a test"}
    if payment := re.search(r"/transaction/([0-9a-f-]{36})/change", url):
        client.post(reverse("admin:ledger_transaction_reveal", args=[payment[1]]), reason)
    if account := re.search(r"/account/(acc_\w+)/change", url):
        client.post(reverse("admin:ledger_account_reveal"), reason, query_params={"id": account[1]})
    return client.get(url).content.decode()


def test_a_page_that_does_run_what_is_written_is_told():
    page = Page("<p>x</p><script>alert(1)</script><img src=x onerror=a()><a href=' JavaScript:b()'>c</a>")

    assert len(page.faults) == 3
