"""What payments turned out to be, as known at a moment."""

from datetime import timedelta
from uuid import UUID

import numpy as np
import pytest
from django.utils import timezone

from ledger.selectors.truths import FRAUD, LEGITIMATE, UNKNOWN, truths_read
from ledger.services.holds import Resolution, hold_resolve
from ledger.services.labels import label_attach
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def now(db):
    return timezone.now()


@pytest.fixture
def pay(now):
    account, client = make_account(), make_client()

    def make(days_ago: float, outcome: Outcome = Outcome.APPROVE):
        return make_payment(account, client, outcome=outcome, amount_minor=100, now=now - days_ago * DAY)

    return make


@pytest.fixture
def truths(now):
    """By payment, its verdict and whether it is implicit."""

    def read(*, known_at=now, **changes):
        # The ids of these payments are made now, whenever they occurred.
        span = {"start": now - 30 * DAY, "end": now, "known_at": known_at, "rows_at_once": 2, **changes}
        found = truths_read(**span)
        assert len(found) == len(found.verdicts) == len(found.is_implicit)
        assert [bytes(each) for each in found.ids] == sorted(bytes(each) for each in found.ids)
        ids = [UUID(bytes=bytes(each)) for each in found.ids]
        return dict(zip(ids, zip(found.verdicts.tolist(), found.is_implicit.tolist(), strict=True), strict=True))

    return read


def label(payment, at, *, is_fraud=True, source="chargeback"):
    label_attach(
        payment=payment, is_fraud=is_fraud, source=source, observed_at=at, actor="x", label_id=uuid7(), now=at
    )


def test_silence_about_what_went_through_means_legitimate_once_it_is_mature(pay, truths, settings):
    mature, young = pay(settings.LABEL_MATURITY_DAYS + 0.1), pay(settings.LABEL_MATURITY_DAYS - 0.1)
    declined, held = pay(20, Outcome.DECLINE), pay(20, Outcome.REVIEW)

    assert truths() == {
        mature.pk: (LEGITIMATE, True),
        young.pk: (UNKNOWN, False),
        declined.pk: (UNKNOWN, False),
        held.pk: (UNKNOWN, False),
    }


def test_a_released_payment_went_through_from_then_on(pay, truths, now):
    held, refused = pay(20, Outcome.REVIEW), pay(20, Outcome.REVIEW)
    hold_resolve(transaction_id=held.pk, resolution=Resolution.APPROVED, actor="rita", now=now - DAY)
    hold_resolve(transaction_id=refused.pk, resolution=Resolution.DECLINED, actor="rita", now=now - DAY)

    assert truths() == {held.pk: (LEGITIMATE, True), refused.pk: (UNKNOWN, False)}
    assert truths(known_at=now - 2 * DAY)[held.pk] == (UNKNOWN, False)


def test_labels_count_from_the_moment_they_were_known(pay, truths, now):
    fraud, good, caught = pay(20), pay(1), pay(2, Outcome.DECLINE)
    label(fraud, now - HOUR)
    label(good, now - HOUR, is_fraud=False, source="customer")
    label(caught, now - HOUR)

    known = {fraud.pk: (FRAUD, False), good.pk: (LEGITIMATE, False), caught.pk: (FRAUD, False)}
    before = {fraud.pk: (LEGITIMATE, True), good.pk: (UNKNOWN, False), caught.pk: (UNKNOWN, False)}
    assert truths() == known
    assert truths(known_at=now - HOUR) == known
    assert truths(known_at=now - 2 * HOUR) == before


def test_a_label_that_was_recorded_later_than_observed_was_not_known_before(pay, truths, now):
    payment = pay(20)
    label_attach(
        payment=payment,
        is_fraud=True,
        source="chargeback",
        observed_at=now - 10 * DAY,
        actor="x",
        label_id=uuid7(),
        now=now - DAY,
    )

    assert truths(known_at=now - 2 * DAY)[payment.pk] == (LEGITIMATE, True)
    assert truths()[payment.pk] == (FRAUD, False)


def test_of_several_labels_the_one_that_counts_is_the_truth(pay, truths, now):
    payment = pay(20)
    label(payment, now - 3 * HOUR)
    label(payment, now - 2 * HOUR, is_fraud=False, source="review")

    assert truths()[payment.pk] == (FRAUD, False)


def test_only_live_payments_of_the_window_are_read(pay, truths, now):
    inside, outside = pay(5), pay(10)
    make_payment(make_account("acc_test", livemode=False), make_client(livemode=False), now=now - 5 * DAY)

    assert truths(start=now - 6 * DAY).keys() == {inside.pk}
    assert truths(end=now - 6 * DAY).keys() == {outside.pk}
    assert truths(known_at=now - 6 * DAY, end=now).keys() == {outside.pk}
    assert truths(start=now + DAY, end=now + 2 * DAY) == {}


def test_the_unknown_can_be_left_out(pay, now):
    pay(1)
    kept = pay(20)
    found = truths_read(start=now - 30 * DAY, end=now, known_at=now).known()

    assert [UUID(bytes=bytes(each)) for each in found.ids] == [kept.pk]
    assert np.array_equal(found.verdicts, [LEGITIMATE])
