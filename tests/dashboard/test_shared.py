"""Which payments and accounts share a card, device, IP address or merchant."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from dashboard.models import SharedValue
from dashboard.selectors.shared import LOOKED_AT_MAX, accounts_linked, payments_naming, payments_sharing
from dashboard.services.facts import facts_rebuild
from tests.dashboard.told import label
from tests.factories import make_account, make_client, make_payment

CARD: dict[str, Any] = {"card_token": "tok_shared", "ip_address": None, "merchant_id": "m_own"}


@pytest.fixture
def alice(account):
    return account


@pytest.fixture
def bob(begun):
    return make_account("acc_bob")


@pytest.fixture
def gateway_client(begun):
    return make_client()


def sharing(payment, **values):
    found = payments_sharing(
        values, livemode=payment.livemode, first=UUID(int=0), last=UUID(int=2**128 - 1), this=payment.pk
    )
    return [(each.kind, each.id) for each in found]


def test_payments_that_share_a_card_or_a_merchant_newest_first(alice, bob, gateway_client, fill):
    this = make_payment(alice, gateway_client, **CARD)
    same_card = make_payment(bob, gateway_client, **CARD | {"merchant_id": "m_other"})
    newest = make_payment(bob, gateway_client, **CARD)
    make_payment(bob, gateway_client, card_token="tok_other", ip_address=None, merchant_id="m_x")
    fill()

    assert sharing(this, card_token="tok_shared", merchant_id="m_own") == [
        ("card_token", newest.pk),
        ("card_token", same_card.pk),
        ("merchant_id", newest.pk),
    ]
    assert sharing(this, device_id="dev_1") == []
    assert sharing(this) == []


def test_a_value_of_another_kind_and_test_payments_are_not_the_same(alice, gateway_client, fill):
    this = make_payment(alice, gateway_client, **CARD)
    make_payment(alice, gateway_client, card_token="tok_9", device_id="tok_shared", ip_address=None)
    tester = make_account("acc_test", livemode=False)
    make_payment(tester, make_client(livemode=False), **CARD)
    fill()

    assert sharing(this, card_token="tok_shared") == []


def test_two_values_with_one_hash_are_told_apart(alice, gateway_client, fill):
    this = make_payment(alice, gateway_client, **CARD)
    other = make_payment(alice, gateway_client, **CARD | {"card_token": "tok_other"})
    fill()
    # As if both had the same hash.
    SharedValue.objects.filter(transaction_id=other.pk).delete()
    mine = SharedValue.objects.filter(transaction_id=this.pk)
    SharedValue.objects.bulk_create(
        SharedValue(transaction_id=other.pk, value_hash=each, account_id=alice.pk)
        for each in list(mine.values_list("value_hash", flat=True))
    )

    assert sharing(this, card_token="tok_shared") == []


def test_no_more_are_looked_at_than_a_page_needs(alice, gateway_client, fill):
    this = make_payment(alice, gateway_client, **CARD)
    for _ in range(LOOKED_AT_MAX + 5):
        make_payment(alice, gateway_client, amount_minor=1, **CARD)
    fill()

    assert len(sharing(this, card_token="tok_shared")) == LOOKED_AT_MAX + 1


def test_other_accounts_with_the_same_card_or_device_those_with_fraud_first(alice, bob, gateway_client, fill):
    carol = make_account("acc_carol")
    make_payment(alice, gateway_client, **CARD | {"device_id": "dev_1"})
    for _ in range(2):
        make_payment(bob, gateway_client, **CARD)
    fraud = make_payment(carol, gateway_client, card_token="tok_c", device_id="dev_1", ip_address=None)
    make_payment(make_account("acc_dave"), gateway_client, card_token="tok_d", ip_address=None)
    label(fraud, is_fraud=True)
    fill()

    found = accounts_linked(alice.pk, livemode=True, now=timezone.now())
    assert [(each.account_id, each.kinds, each.payments, each.frauds) for each in found] == [
        ("acc_carol", ["device_id"], 1, 1),
        ("acc_bob", ["card_token"], 2, 0),
    ]
    assert accounts_linked(alice.pk, livemode=True, now=timezone.now() + timedelta(days=100)) == []


def test_a_rebuild_makes_them_anew(alice, bob, gateway_client, fill, begun):
    this = make_payment(alice, gateway_client, **CARD)
    other = make_payment(bob, gateway_client, **CARD | {"merchant_id": "m_other"})
    fill()
    SharedValue.objects.all().delete()

    list(facts_rebuild(since=begun, now=timezone.now()))
    assert sharing(this, card_token="tok_shared") == [("card_token", other.pk)]


def test_what_facts_were_not_made_of_yet_is_found_as_well(alice, bob, gateway_client, fill):
    this = make_payment(alice, gateway_client, **CARD)
    fill()
    newest = make_payment(bob, gateway_client, **CARD | {"card_last4": "4321"})

    assert sharing(this, card_token="tok_shared") == [("card_token", newest.pk)]
    assert payments_naming("card_token", "tok_shared", limit=5) == [newest.pk, this.pk]
    assert payments_naming("card_token", "tok_shared", limit=1) == [newest.pk]
    assert payments_naming("card_last4", "4321", limit=5) == [newest.pk]
    fill()
    assert payments_naming("card_last4", "4321", limit=5) == [newest.pk]
    assert payments_naming("card_last4", "9999", limit=5) == []
