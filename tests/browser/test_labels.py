"""Labels from a file, and sampled payments beside the reviews, as people see them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from ledger.models import Label, LabelImport, SampledReview
from ledger.services.label_imports import label_import_work
from ledger.tasks import label_import_continue
from tests.browser.conftest import unique
from tests.ledger.forgeries import uuid

pytestmark = pytest.mark.journey

LABELLER = ("ledger.add_label", "ledger.view_label", "ledger.view_auditentry")
REVIEWER = ("ledger.view_hold", "ledger.resolve_hold", "ledger.view_transaction", "ledger.view_account")
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
HEADER = "transaction_id,label,source,observed_at,note"


@pytest.fixture
def no_worker(monkeypatch):
    monkeypatch.setattr(label_import_continue, "delay", lambda _: None)


def pay(gateway) -> str:
    return gateway.pay(gateway.open_account(), "80.00").json()["id"]


def work(page: Page) -> None:
    """What a worker does, and the page a moment later."""
    label_import_work(import_id=LabelImport.objects.latest("pk").pk, now=timezone.now())
    page.reload()


def is_as_wide_as_the_window(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("view", VIEWS)
def test_a_file_of_chargebacks_is_looked_at_then_recorded(
    gateway, new_page, log_in, axe, screenshot, no_worker, view
):
    paid = [pay(gateway) for _ in range(4)]
    now, soon = timezone.now().isoformat(), (timezone.now() + timedelta(days=2)).isoformat()
    lines = [f"{each},fraud,chargeback,{now},card was stolen" for each in paid[:3]]
    lines += [lines[0], f"{paid[3]},fraud,chargeback,{soon},", "txn_17,fraud,chargeback,2026-01-31,"]
    page = new_page(**VIEWS[view])
    log_in(page, unique("lara"), *LABELLER)
    page.goto("/admin/ledger/label/")
    page.get_by_role("link", name="Import a file").click()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)

    file = {"name": "chargebacks.csv", "mimeType": "text/csv", "buffer": "\n".join([HEADER, *lines]).encode()}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    work(page)

    expect(page.get_by_text("Line 2 says the same already.")).to_be_visible()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    if view == "light":
        screenshot(page, "label-import", "#content")
    page.get_by_role("button", name="Record 3 labels, leave out 3 lines").click()
    work(page)
    expect(page.get_by_text("recorded 3 labels")).to_be_visible()
    assert axe(page) == []
    assert Label.objects.filter(transaction_id=uuid(paid[0])).get().is_fraud


@pytest.mark.parametrize("view", VIEWS)
def test_a_sampled_payment_is_decided_from_the_reviews(gateway, new_page, log_in, axe, screenshot, view):
    transaction_id = uuid(pay(gateway))
    SampledReview.objects.filter(decided_at__isnull=True).delete()
    SampledReview.objects.create(
        transaction_id=transaction_id,
        account_id=gateway.get(f"transactions/txn_{transaction_id.hex}").json()["account_id"],
        per_mille=1,
        inclusion_probability=0.001,
        chosen_at=timezone.now(),
    )
    page = new_page(**VIEWS[view])
    log_in(page, unique("ravi"), *REVIEWER)
    page.goto("/admin/ledger/hold/")
    sample = page.get_by_role("region", name="Sampled payments")
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    if view == "light":
        screenshot(page, "samples", "#content")

    sample.get_by_role("link", name="80.00").click()
    assert axe(page) == []
    assert is_as_wide_as_the_window(page)
    page.get_by_role("link", name="Legitimate…").click()
    assert axe(page) == []
    page.get_by_label("Note").fill("The customer knows it.")
    page.get_by_role("button", name="Legitimate").click()

    expect(page.get_by_text("Legitimate: txn_")).to_be_visible()
    assert axe(page) == []
    assert Label.objects.get(transaction_id=transaction_id).is_fraud is False
