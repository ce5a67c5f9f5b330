"""A reviewer leafs through what an account did, and what was done to it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.domain.payments import AccountStatus
from ledger.services.accounts import account_set_status
from sentinel.core.outcomes import Outcome
from tests.browser.conftest import unique
from tests.dashboard.told import label
from tests.factories import make_account, make_client, make_payment

MAY = (
    "ledger.view_account",
    "ledger.freeze_account",
    "ledger.view_transaction",
    "ledger.view_auditentry",
    "ledger.view_personaldetail",
    "ledger.reveal_personaldetail",
)
MERCHANTS = ("Corner Books", "Blue Tokai", "Metro Card", "Fresh Greens", "Night Pharmacy")


@pytest.fixture
def busy(committed) -> str:
    """24 payments over some weeks; one was held, one declined, one turned out to be fraud."""
    account, client, now = make_account(unique("acc")), make_client(), timezone.now()
    outcomes = {3: Outcome.REVIEW, 9: Outcome.DECLINE}
    for place in range(24):
        paid = make_payment(
            account,
            client,
            outcome=outcomes.get(place, Outcome.APPROVE),
            amount_minor=1_900 + 1_370 * (place % 7),
            now=now - timedelta(hours=31 * place),
            merchant_name=MERCHANTS[place % 5],
            merchant_id=f"m_{place % 5}",
            channel="ecommerce",
            location_country="IN",
        )
        if place == 5:
            label(paid, is_fraud=True)
    for status, reason in (
        (AccountStatus.FROZEN, "Card stolen"),
        (AccountStatus.ACTIVE, "New card"),
    ):
        account_set_status(account_id=account.pk, status=status, actor="rita", reason=reason, now=now)
    return reverse("admin:ledger_account_change", args=[account.pk])


def test_a_reviewer_leafs_through_the_payments_of_an_account(page, log_in, axe, busy):
    log_in(page, unique("rita"), *MAY)
    page.goto(busy)
    assert axe(page) == []

    page.get_by_role("link", name="Older").click()
    page.get_by_role("link", name="Newer").wait_for()
    assert page.locator("section[aria-labelledby=payments] tbody tr").count() == 4
    page.get_by_role("link", name="Known fraud").click()
    page.locator("[aria-current]", has_text="Known fraud").wait_for()
    assert page.locator("section[aria-labelledby=payments] tbody tr").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_the_light_and_in_the_dark(new_page, log_in, axe, busy, scheme):
    page = new_page(viewport={"width": 390, "height": 900}, color_scheme=scheme)
    log_in(page, unique("rita"), *MAY)
    page.goto(busy)

    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
