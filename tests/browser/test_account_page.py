"""The account's page as a reviewer meets it."""

from typing import Any
from uuid import UUID

from django.db import connection
from django.urls import reverse
from django.utils import timezone

from dashboard.services.fact_sql import shared_put
from ledger.services.account_notes import account_note_add
from sentinel.core.outcomes import Outcome
from tests.browser.conftest import unique
from tests.dashboard.told import label
from tests.factories import make_account, make_client, make_payment

MAY = (
    "ledger.view_account",
    "ledger.freeze_account",
    "ledger.view_accountnote",
    "ledger.view_hold",
    "ledger.view_case",
    "ledger.view_transaction",
    "ledger.work_case",
    "rules.view_listitem",
    "rules.add_listitem",
)


def shared_values_put(payments):
    """Of these alone: facts of all payments would stay for other tests."""
    ids = sorted(payment.pk for payment in payments)
    span = {"ids": ids, "first": ids[0], "until": UUID(int=ids[-1].int + 1)}
    with connection.cursor() as cursor:
        cursor.execute(shared_put(is_named=True), span)


def busy_account():
    """With payments, a case, a note, and two others who use its card and device."""
    name, client = unique("acc"), make_client()
    account, now = make_account(name), timezone.now()
    shared: dict[str, Any] = {"card_token": unique("tok"), "device_id": unique("dev"), "ip_address": None}
    first, *_ = [make_payment(account, client, amount_minor=amount, **shared) for amount in (52_000, 118_500, 7_990)]
    make_payment(account, client, outcome=Outcome.REVIEW, amount_minor=420_000, **shared)
    other, third = make_account(unique("acc")), make_account(unique("acc"))
    fraud = make_payment(other, client, amount_minor=99_900, **shared | {"device_id": None})
    second = make_payment(third, client, amount_minor=1_200, **shared | {"card_token": None})
    label(fraud, is_fraud=True)
    shared_values_put([first, fraud, second])
    account_note_add(account=account, author="rita", text="Called the customer: she has both cards.", now=now)
    return account


def test_a_reviewer_reads_the_account_and_writes_a_note(new_page, log_in, axe, screenshot):
    account = busy_account()
    page = new_page()
    log_in(page, unique("rita"), *MAY)
    page.goto(reverse("admin:ledger_account_change", args=[account.pk]))

    assert axe(page) == []
    screenshot(page, "account", "#content")
    page.get_by_label("A note, for whoever looks next").fill("She called back.")
    page.get_by_role("button", name="Add the note").click()
    page.get_by_text("The note stands with the account.").wait_for()
    assert page.get_by_text("She called back.").count() == 1


def test_it_is_the_same_on_a_phone_and_in_the_dark(new_page, log_in, axe):
    account = busy_account()
    page = new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
    log_in(page, unique("rita"), *MAY)
    page.goto(reverse("admin:ledger_account_change", args=[account.pk]))

    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
