"""A mail as its reader sees it, light and dark, and the form in which somebody asks for it."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.utils import timezone

from ledger.models import Event
from sentinel.core.outcomes import Outcome
from tests.browser.conftest import unique
from tests.factories import make_account, make_client, make_payment
from webhooks.models import Notification
from webhooks.selectors.events import told_events
from webhooks.services.alert_matching import notifications_add
from webhooks.services.mail_writing import mail_of

MOMENT = datetime(2026, 11, 28, 9, 41, tzinfo=UTC)


def written(username: str, settings) -> str:
    """The HTML of a mail about a payment that was declined, and three more like it."""
    payment = make_payment(
        make_account(unique("acc")),
        make_client(),
        outcome=Outcome.DECLINE,
        amount_minor=540_000,
        verdict_changes={"fraud_probability": 0.8731},
    )
    events = Event.objects.filter(transaction_id=payment.pk).values_list("pk", flat=True)
    notifications_add(told_events(list(events)), now=timezone.now())
    ours = Notification.objects.filter(subscription__user__username=username)
    notification = ours.get(event_type="transaction.declined")
    notification.occurrences, notification.untold_before, notification.created_at = 4, 2, MOMENT
    settings.PUBLIC_URL = "https://sentinel.bank.example"
    return mail_of(notification, mail.get_connection()).alternatives[0][0]  # type: ignore[return-value]


@pytest.fixture
def ana(committed):
    """Her name; she and all she asked for leave with the test."""
    name = unique("ana")
    yield name
    User.objects.filter(username=name).delete()


def test_somebody_asks_for_mails_and_reads_one(page, new_page, log_in, axe, screenshot, settings, ana):
    log_in(page, ana)
    page.get_by_role("link", name="My alerts").first.click()
    assert axe(page) == []
    page.get_by_role("link", name="Add subscription").click()
    page.get_by_label("Write to me of").select_option("payments")
    page.get_by_label("declined").check()
    page.get_by_role("textbox", name="Of at least").fill("5000")
    page.get_by_label("Currency").select_option("INR")
    assert axe(page) == []
    screenshot(page, "alert-form", "#content")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Payments that are declined, of at least 5,000 INR").last.click()
    page.get_by_role("button", name="Send me a test mail").click()
    page.get_by_role("link", name="Test of your alerts").wait_for()

    html = written(ana, settings)
    for scheme in ("dark", "light"):
        reader = new_page(color_scheme=scheme, viewport={"width": 680, "height": 760})
        reader.set_content(html)
        assert axe(reader, "body") == []
        screenshot(reader, "alert-mail" if scheme == "light" else "alert-mail-dark")
