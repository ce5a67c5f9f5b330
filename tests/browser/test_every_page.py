"""Every page of the Admin site in a real browser, filled with texts that look like programs: none of them runs.

Nor does axe find a fault, in the light or in the dark.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_results.models import TaskResult
from playwright.sync_api import Dialog

from ledger.models import LabelImport
from rules.models import Alarm, ListImport
from tests import every_page
from tests.admin.test_every_text_is_text import told
from tests.browser.conftest import PASSWORD, unique
from tests.every_page import pages
from tests.filled_site import fill_site
from webhooks.models import AlertSubscription, Delivery, Endpoint

pytestmark = pytest.mark.journey

# What other tests count, and what may be taken away again.
_TAKEN_AWAY = (AccessAttempt, PeriodicTask, TaskResult, AlertSubscription, ListImport, LabelImport, Delivery,
               Endpoint, Group)  # fmt: skip
# Else colours would be measured half way between light and dark. The policy allows sheets that are made so.
_AT_ONCE = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { transition: none !important; }");
    document.adoptedStyleSheets = [sheet];
}"""
_PARTS = 4  # so that more than one process can look
_COLOURS = "axe.run(document, {runOnly: {type: 'rule', values: ['color-contrast']}})"


@pytest.fixture
def chief(committed, settings, monkeypatch) -> Iterator[User]:
    """Sees everything there is."""
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    monkeypatch.setattr(every_page, "ROWS_EACH", 1)
    monkeypatch.setattr(every_page, "PAYMENTS_EACH", 2)
    before = {model: set(model._default_manager.values_list("pk", flat=True)) for model in _TAKEN_AWAY}
    user = User.objects.create_superuser(unique("chief"), password=PASSWORD)
    fill_site(told, user)
    yield user
    Alarm.objects.filter(kind="system.test", seen_at=None).update(seen_at=timezone.now(), seen_by="tests")
    for model, kept in before.items():
        model._default_manager.exclude(pk__in=kept).delete()


@pytest.mark.parametrize("part", range(_PARTS))
def test_no_page_runs_what_was_written_or_has_a_fault_that_axe_finds(chief, page, log_in, complaints, part):
    client = Client()
    client.force_login(chief)
    addresses = pages(client, with_parts=False)
    assert len(addresses) > 120
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    log_in(page, chief.get_username())
    faults = {}

    for url in addresses[part::_PARTS]:
        page.emulate_media(color_scheme="light")
        page.goto(url)
        before = list(complaints)
        found = _words(Axe().run(page).response)
        page.evaluate(_AT_ONCE)
        page.emulate_media(color_scheme="dark")
        found += _words(page.evaluate(_COLOURS))
        complaints[:] = before  # axe tries inline styles of its own, which the policy blocks
        if found:
            faults[url] = found

    assert dialogs == []
    assert faults == {}


def _words(answer: dict[str, Any]) -> list[str]:
    return [f"{each['id']}: {[node['html'][:200] for node in each['nodes'][:3]]}" for each in answer["violations"]]
