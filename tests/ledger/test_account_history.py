"""The payments of one account a page at a time, and what is usual for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.selectors import account_history as told
from ledger.selectors.account_history import Kept, account_history, account_usual
from sentinel.core.errors import InvalidRequest
from sentinel.core.outcomes import Outcome
from tests.dashboard.told import label
from tests.factories import make_account, make_client, make_payment

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def alice():
    return make_account()


@pytest.fixture
def client():
    return make_client()


@pytest.fixture
def seven(alice, client):
    """Oldest first; the last two happened at one moment. The third was declined, the fifth held."""
    outcomes = {2: Outcome.DECLINE, 4: Outcome.REVIEW}
    minutes = (70, 60, 50, 40, 30, 20, 20)
    return [
        make_payment(
            alice,
            client,
            outcome=outcomes.get(place, Outcome.APPROVE),
            amount_minor=100 * (place + 1),
            now=NOW - timedelta(minutes=minutes[place]),
        )
        for place in range(7)
    ]


def ids(page):
    return [row.id for row in page.rows]


def newest_first(payments):
    return [payment.pk for payment in sorted(payments, key=lambda each: (each.occurred_at, each.pk), reverse=True)]


def test_every_payment_is_on_one_page_and_the_way_back_is_the_same(alice, seven):
    pages = [account_history(alice.pk, limit=3)]
    while pages[-1].older:
        pages.append(account_history(alice.pk, before=pages[-1].older, limit=3))

    assert [each for page in pages for each in ids(page)] == newest_first(seven)
    assert [len(page.rows) for page in pages] == [3, 3, 1]
    assert pages[0].newer is None
    back = account_history(alice.pk, after=pages[2].newer, limit=3)
    assert ids(back) == ids(pages[1])
    newest = account_history(alice.pk, after=back.newer, limit=3)
    assert (ids(newest), newest.newer) == (ids(pages[0]), None)


def test_a_row_says_what_was_decided_and_what_became_of_it(alice, seven):
    label(seven[6], is_fraud=True)
    label(seven[5], is_fraud=False)

    rows = {row.id: row for row in account_history(alice.pk).rows}

    assert (rows[seven[6].pk].is_fraud, rows[seven[5].pk].is_fraud, rows[seven[0].pk].is_fraud) == (True, False, None)
    held = rows[seven[4].pk]
    assert (held.outcome, held.status, held.score_percentile, held.amount_minor) == ("review", "held", 0.9968, 500)


@pytest.mark.parametrize(
    ("kept", "places"),
    [(Kept.REVIEW, [4]), (Kept.DECLINE, [2]), (Kept.APPROVE, [6, 5, 3, 1, 0]), (Kept.FRAUD, [1])],
)
def test_a_history_is_narrowed_to_what_is_asked_for(alice, seven, kept, places):
    label(seven[1], is_fraud=True)
    label(seven[0], is_fraud=False)

    page = account_history(alice.pk, kept=kept)

    assert set(ids(page)) == {seven[place].pk for place in places}
    assert page.older is None


def test_what_is_rare_is_looked_for_page_by_page(alice, seven, monkeypatch):
    monkeypatch.setattr(told, "LOOKED_AT_MAX", 3)

    first = account_history(alice.pk, kept=Kept.DECLINE)
    second = account_history(alice.pk, kept=Kept.DECLINE, before=first.older)
    third = account_history(alice.pk, kept=Kept.DECLINE, before=second.older)

    assert [ids(page) for page in (first, second, third)] == [[], [seven[2].pk], []]
    assert third.older is None
    assert ids(account_history(alice.pk, kept=Kept.DECLINE, after=third.newer)) == [seven[2].pk]


def test_payments_of_others_are_not_in_it(alice, client):
    make_payment(make_account("acc_bob"), client)

    assert account_history(alice.pk).rows == []


@pytest.mark.parametrize("place", ["x", "20260101T000000.0~x", "~", "20269999T000000.0~" + "0" * 32])
def test_a_place_of_another_making_is_refused(alice, place):
    with pytest.raises(InvalidRequest) as refused:
        account_history(alice.pk, before=place)

    assert [error.field for error in refused.value.errors] == ["place"]


def test_what_is_usual_is_of_the_last_days_and_of_money_that_went_out(alice, client, seven):
    make_payment(alice, client, amount_minor=90_000, now=NOW - timedelta(days=91))
    label(seven[1], is_fraud=True)

    usual = account_usual(alice.pk, now=NOW)

    assert (usual.payments, usual.median_minor, usual.largest_minor) == (7, 400, 700)
    assert (usual.country, usual.merchants) == ("FR", 1)
    assert (usual.held, usual.declined, usual.frauds) == (1, 1, 1)
    assert not usual.is_cut


def test_of_an_account_without_payments_nothing_is_usual(alice):
    usual = account_usual(alice.pk, now=NOW)

    assert (usual.payments, usual.median_minor, usual.country) == (0, None, None)


def test_a_page_takes_two_statements(alice, seven, django_assert_num_queries):
    with django_assert_num_queries(2):
        account_history(alice.pk, limit=3)
    with django_assert_num_queries(1):
        account_usual(alice.pk, now=NOW)
