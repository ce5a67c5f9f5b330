"""What is counted of decisions: each payment once, late ones too, and labels whenever they come."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.selectors import settled
from ledger.services.holds import Resolution, hold_resolve
from ledger.services.labels import label_attach
from rules.models import RecentHits, RuleDay, RulePairDay
from rules.services.tallies import costs_fold, tallies_count, tallies_judge
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.factories import make_account, make_client, make_payment


@pytest.fixture(autouse=True)
def no_margin(monkeypatch):
    """Payments of these tests are recorded at once."""
    monkeypatch.setattr(settled, "MARGIN", timedelta(0))


@pytest.fixture
def version(make_rule):
    return make_rule().versions.get()


@pytest.fixture
def pay(db):
    account, client = make_account(), make_client()

    def make(outcome: Outcome = Outcome.APPROVE, amount_minor: int = 100, **rules):
        return make_payment(account, client, outcome=outcome, amount_minor=amount_minor, verdict_changes=rules)

    return make


def count() -> None:
    time.sleep(0.002)  # ids carry milliseconds: the last payment lies before this moment
    tallies_count(now=timezone.now())


def judge(days: int = 0) -> None:
    tallies_judge(now=timezone.now() + timedelta(days=days))


def label(payment, *, is_fraud: bool) -> None:
    now = timezone.now()
    label_attach(
        payment=payment,
        is_fraud=is_fraud,
        source="chargeback",
        observed_at=now,
        actor="acme",
        label_id=uuid7(),
        now=now,
    )


def test_hits_are_counted_by_outcome_and_money(version, pay):
    pay(Outcome.REVIEW, 500, rule_hits=(version.pk,))
    pay(Outcome.DECLINE, 700, rule_hits=(version.pk,))
    pay(rule_hits=(version.pk,))
    pay(silent_hits=(version.pk,))
    pay(failed_rules=(version.pk,))
    pay()

    count()

    day = RuleDay.objects.get()
    assert (day.version, day.day) == (version, timezone.now().date())
    assert (day.hits, day.approved, day.reviewed, day.declined) == (3, 1, 1, 1)
    assert day.amounts_minor == {"INR": 1300}
    assert (day.silent_hits, day.silent_approved, day.failures) == (1, 1, 1)
    assert day.last_hit_at
    assert day.last_failed_at
    assert RecentHits.objects.get().hits == 3


def test_a_payment_is_counted_once(version, pay):
    pay(rule_hits=(version.pk,))
    count()
    count()
    assert RuleDay.objects.get().hits == 1

    pay(rule_hits=(version.pk,))
    count()
    assert RuleDay.objects.get().hits == 2


def test_a_young_payment_waits_until_it_must_have_been_written(version, pay, monkeypatch):
    monkeypatch.setattr(settled, "MARGIN", timedelta(minutes=1))
    pay(rule_hits=(version.pk,))
    count()
    assert RuleDay.objects.count() == 0

    tallies_count(now=timezone.now() + timedelta(minutes=2))
    assert RuleDay.objects.get().hits == 1


def test_test_payments_are_not_counted(version):
    make_payment(
        make_account("acc_test", livemode=False),
        make_client(livemode=False),
        verdict_changes={"rule_hits": (version.pk,)},
    )
    count()

    assert RuleDay.objects.count() == 0


def test_rules_that_hit_together_are_counted_as_a_pair(version, make_rule, pay):
    other = make_rule("other").versions.get()
    pay(rule_hits=(version.pk,), silent_hits=(other.pk,))
    pay(rule_hits=(version.pk, other.pk))
    pay(rule_hits=(other.pk,))
    count()

    pair = RulePairDay.objects.get()
    assert (pair.first, pair.second, pair.hits) == (version, other, 2)


def test_a_label_changes_the_day_of_its_payment(version, pay):
    caught, good, silent = pay(rule_hits=(version.pk,)), pay(rule_hits=(version.pk,)), pay(silent_hits=(version.pk,))
    count()
    label(caught, is_fraud=True)
    label(good, is_fraud=False)
    label(silent, is_fraud=True)
    judge()

    day = RuleDay.objects.get()
    assert (day.fraud, day.legitimate, day.silent_fraud, day.silent_legitimate) == (1, 1, 1, 0)
    assert (day.hits, day.presumed) == (2, 0)


def test_the_newest_label_of_a_payment_counts(version, pay):
    payment = pay(rule_hits=(version.pk,))
    label(payment, is_fraud=True)
    judge()
    label(payment, is_fraud=False)
    judge()

    day = RuleDay.objects.get()
    assert (day.fraud, day.legitimate) == (0, 1)


def test_silence_means_good_once_there_was_time_to_complain(version, pay, settings):
    pay(rule_hits=(version.pk,))
    label(pay(rule_hits=(version.pk,)), is_fraud=True)
    pay(Outcome.DECLINE, rule_hits=(version.pk,))
    released = pay(Outcome.REVIEW, rule_hits=(version.pk,))
    pay(Outcome.REVIEW, rule_hits=(version.pk,))
    hold_resolve(transaction_id=released.pk, resolution=Resolution.APPROVED, actor="rita", now=timezone.now())
    count()

    judge(days=settings.LABEL_MATURITY_DAYS)
    assert RuleDay.objects.get().presumed == 0

    judge(days=settings.LABEL_MATURITY_DAYS + 1)
    day = RuleDay.objects.get()
    assert (day.presumed, day.fraud, day.legitimate) == (2, 1, 0)


def test_costs_are_added_to_the_day(version, now):
    costs_fold(costs={version.pk: (3000, 2), 10**6: (1, 1)}, now=now)
    costs_fold(costs={version.pk: (1000, 1)}, now=now)

    day = RuleDay.objects.get()
    assert (day.cost_ns, day.cost_samples, day.hits) == (4000, 3, 0)
