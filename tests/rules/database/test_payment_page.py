"""What a payment's page says of the rules that hit it."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from sentinel.core.ids import public_id
from tests.factories import make_account, make_client, make_payment


@pytest.fixture
def payment(make_rule):
    live, trial = make_rule(), make_rule("on_trial", is_live=False)
    hits = {"rule_hits": (live.versions.get().pk,), "silent_hits": (trial.versions.get().pk,)}
    return make_payment(make_account(), make_client(), verdict_changes=hits)


@pytest.fixture
def page_of(payment):
    def page_of(*permissions: str) -> str:
        user = User.objects.create_user("mia", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=("view_transaction", *permissions)))
        browser = Client()
        browser.force_login(user)
        return browser.get(reverse("admin:ledger_transaction_change", args=[payment.pk])).content.decode()

    return page_of


def test_the_rules_that_hit_are_told_with_the_way_to_snooze_them(page_of, payment):
    page = page_of("view_rule", "add_rulesnooze")

    assert "Rules that hit it" in page
    assert f"?account_id={payment.account_id}" in page
    assert f"payment={public_id('txn', payment.pk)}" in page
    assert page.count("without a say: on trial, or snoozed") == 1


def test_who_may_not_snooze_is_not_offered_it(page_of):
    assert "Snooze it for this account" not in page_of("view_rule")


def test_who_may_not_see_rules_is_told_of_none(page_of):
    assert "Rules that hit it" not in page_of()


def test_a_payment_that_no_rule_hit_has_no_such_part(make_rule, admin_client):
    quiet = make_payment(make_account("acc_quiet"), make_client())

    page = admin_client.get(reverse("admin:ledger_transaction_change", args=[quiet.pk])).content.decode()

    assert "Rules that hit it" not in page
