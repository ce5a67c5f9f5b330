"""The dashboard's numbers over a small history made by hand, each to the unit."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from dashboard.domain.periods import Period, PeriodError, period_named, period_of_days
from dashboard.selectors import figures
from dashboard.selectors.figures import figures_read
from dashboard.selectors.reviews import queue, reviewers
from dashboard.selectors.rolled import Filters
from dashboard.services.rollups import rollups_renew
from ledger.domain.payments import TransactionType
from ledger.services.reversals import reversal_make
from rules.domain.definitions import RuleDraft
from rules.models import Rule, RuleVersion
from rules.services.rules import rule_save
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Action, Outcome
from tests.dashboard.told import label, resolve
from tests.factories import make_account, make_client, make_payment

ALL = Filters()
FAR_AWAY = {"combinator": "all", "conditions": [{"field": "location_country", "operator": "is_present"}]}
MONDAY = datetime(2026, 1, 26, tzinfo=UTC)
WEEK = Period(MONDAY, MONDAY + timedelta(days=7))


def at(day: int, hour: int) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=20)


@pytest.fixture
def rule(db) -> RuleVersion:
    draft = RuleDraft(Action.REVIEW, "rule.far_away", "Far away", FAR_AWAY)
    found = Rule(code="far_away", name="Far away")
    return rule_save(actor="ana", rule=found, draft=draft, now=timezone.now())


@pytest.fixture
def week(pay, fill, rule):
    """Nine payments out and a top-up: what became of each is in its name."""
    hit = {"verdict_changes": {"rule_hits": (rule.pk,)}}
    shop = {"channel": "pos", "merchant_country": "FR", "merchant_category": "5732"}
    paid = pay(amount_minor=1000, now=at(0, 9), **shop)
    lost = pay(amount_minor=2000, now=at(0, 9), **shop)
    good = pay(Outcome.REVIEW, 300, now=at(1, 9), **hit)
    caught = pay(Outcome.REVIEW, 400, now=at(1, 9), **hit)
    pay(Outcome.REVIEW, 500, now=at(1, 10))
    expired = pay(Outcome.REVIEW, 600, now=at(2, 0))
    blocked = pay(Outcome.DECLINE, 700, now=at(2, 0), **hit)
    wrong = pay(Outcome.DECLINE, 800, now=at(2, 1), verdict_changes={"score_percentile": None, "model_version": None})
    poor = pay(amount_minor=10**9, now=at(6, 23), verdict_changes={"score_percentile": 0.02})
    pay(amount_minor=50, now=at(0, 9), transaction_type=TransactionType.TOP_UP, merchant_id=None, merchant_name=None)
    resolve(good, "approved")
    resolve(caught, "declined")
    resolve(expired, "expired", actor="system")
    for payment, is_fraud in ((lost, True), (good, False), (caught, True), (blocked, True), (wrong, False)):
        label(payment, is_fraud=is_fraud)
    label(poor, is_fraud=True)
    reversal_make(payment=lost, amount_minor=250, reason="", actor="acme", reversal_id=uuid7(), now=timezone.now())
    fill()
    return paid


def test_money_by_what_became_of_it(week):
    (inr,) = figures.money(WEEK, ALL)

    def read(amount):
        return amount.payments, amount.amount_minor

    assert inr.currency == "INR"
    assert read(inr.approved) == (3, 3300)  # paid, lost, and the good review
    assert read(inr.blocked) == (3, 1900)  # caught, blocked, wrong
    assert read(inr.held) == (1, 500)
    assert read(inr.fraud_lost) == (1, 1750)  # less what was given back
    assert read(inr.good_stopped) == (2, 1100)  # the good review, and wrong


def test_currencies_are_never_added_up(week, fill):
    make_payment(make_account("acc_eur", currency="EUR"), make_client(), amount_minor=77, now=at(3, 3))
    fill()

    assert [(row.currency, row.approved.amount_minor) for row in figures.money(WEEK, ALL)] == [
        ("INR", 3300),
        ("EUR", 77),
    ]
    assert [row.currency for row in figures.money(WEEK, Filters(currency="EUR"))] == ["EUR"]
    assert figures.currencies() == ["EUR", "INR"]


def test_outcomes_and_fraud_over_time_by_the_day(week):
    days = figures.fraud_trends(WEEK, ALL)

    assert [day.at for day in days] == [MONDAY + timedelta(days=each) for each in range(7)]
    assert [(day.approved, day.reviewed, day.blocked, day.otherwise) for day in days] == [
        (2, 0, 0, 0),
        (0, 3, 0, 0),
        (0, 1, 2, 0),
        (0, 0, 0, 0),
        (0, 0, 0, 0),
        (0, 0, 0, 0),
        (0, 0, 0, 1),
    ]
    assert [(day.caught, day.lost) for day in days[:3]] == [(0, 1), (1, 0), (1, 0)]


def test_a_short_period_is_read_by_the_hour_and_its_ends_are_kept(week):
    period = Period(MONDAY + timedelta(days=1, hours=10), MONDAY + timedelta(days=2, hours=1))
    moments = figures.fraud_trends(period, ALL)

    assert len(moments) == 15
    assert {each.at.hour: (each.reviewed, each.blocked) for each in moments if each.payments} == {
        10: (1, 0),
        0: (1, 1),
    }


def test_hours_at_the_ends_of_a_long_period_are_kept_too(week):
    period = Period(MONDAY + timedelta(hours=10), MONDAY + timedelta(days=6, hours=23))

    assert figures.money(period, ALL)[0].approved.payments == 1
    assert sum(each.payments for each in figures.fraud_trends(period, ALL)) == 6


def test_risk_by_twentieths_and_without_a_score(week):
    bands = figures.risk_distribution(WEEK, ALL)

    assert len(bands) == 21
    assert {band.key: (band.payments, band.stopped, band.caught, band.lost) for band in bands if band.payments} == {
        "0.00": (1, 0, 0, 0),
        "0.95": (7, 5, 2, 1),
        "": (1, 1, 0, 0),
    }


def test_patterns_of_the_week_and_of_channel_country_and_category(week):
    cells, patterns = figures.transaction_patterns(WEEK, ALL)

    assert cells == {
        (1, 9): (2, 1),
        (2, 9): (2, 1),
        (2, 10): (1, 0),
        (3, 0): (2, 1),
        (3, 1): (1, 0),
        (7, 23): (1, 1),
    }
    assert [(each.key, each.payments, each.lost) for each in patterns["channel"]] == [("", 7, 0), ("pos", 2, 1)]
    assert [(each.key, each.payments) for each in patterns["country"]] == [("", 7), ("FR", 2)]
    assert [(each.key, each.payments) for each in patterns["category"]] == [("", 7), ("5732", 2)]


def test_rules_by_what_their_hits_turned_out_to_be(week, rule):
    (row,) = figures.rule_performance(WEEK, ALL)

    assert (row.rule_id, row.code, row.tally.payments, row.tally.stopped) == (rule.rule_id, "far_away", 3, 3)
    assert (row.fraud, row.legitimate, row.precision) == (2, 1, 2 / 3)


def test_models_and_how_much_of_the_fraud_was_stopped(week):
    model, without = figures.model_performance(WEEK, ALL)

    assert (model.version, model.tally.payments, model.tally.stopped) == ("card-2026-01-30.2", 8, 5)
    assert (model.tally.caught, model.tally.lost, model.tally.caught_share) == (2, 1, 2 / 3)
    assert (without.version, without.tally.payments, without.tally.good_stopped) == ("", 1, 1)


def test_the_queue_by_age(week):
    found = queue(ALL, now=at(1, 10) + timedelta(hours=5))

    assert (found.count, found.oldest, found.money) == (1, at(1, 10), (("INR", 1, 500),))
    assert dict(found.by_age)["4 to 24 hours"] == 1
    assert queue(ALL, now=at(9, 10)).by_age[-1] == ("over 3 days", 1)
    assert queue(Filters(currency="EUR"), now=at(9, 10)).count == 0


def test_reviewers_by_what_they_decided_in_the_period(week):
    now = timezone.now()
    (rita,) = reviewers(Period(now - timedelta(hours=1), now + timedelta(hours=1)), ALL)

    assert (rita.name, rita.decided, rita.declined) == ("rita", 2, 1)
    assert (rita.precision, rita.declined_precision) == (0.5, 1.0)
    assert reviewers(WEEK, ALL) == []


def test_an_empty_bank_has_figures(db):
    found = figures_read(WEEK, ALL, now=timezone.now())

    assert (found.money, found.rules, found.models, found.reviewers) == ([], [], [], [])
    assert (found.total.payments, found.queue.count, len(found.over_time)) == (0, 0, 7)


def test_the_number_of_queries_does_not_grow(week, django_assert_max_num_queries):
    for days in (1, 7, 300):
        with django_assert_max_num_queries(7):
            figures_read(Period(WEEK.end - timedelta(days=days), WEEK.end), ALL, now=timezone.now())


def test_rolled_up_twice_is_the_same(week):
    before = figures_read(WEEK, ALL, now=MONDAY)
    assert rollups_renew() == 0
    assert figures_read(WEEK, ALL, now=MONDAY) == before


def test_named_periods_end_with_the_hour_that_is_not_over():
    period = period_named("24h", datetime(2026, 1, 26, 9, 20, tzinfo=UTC))

    assert (period.start, period.end) == (MONDAY - timedelta(hours=14), MONDAY + timedelta(hours=10))
    assert (period.is_by_hour, len(period.buckets), period.query) == (True, 24, "period=24h")


def test_days_of_ones_own_are_whole():
    period = period_of_days("2026-01-26", "2026-02-01")

    assert (period, period.query) == (WEEK, "from=2026-01-26&to=2026-02-01")
    assert (period.is_by_hour, period.whole_days) == (False, (WEEK.start, WEEK.end))


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("yesterday", "2026-01-01", "from"),
        ("2026-01-01", "", "to"),
        ("2026-01-02", "2026-01-01", "to"),
        ("2025-01-01", "2026-01-02", "from"),
        ("0001-01-01", "0001-01-02", "from"),
    ],
)
def test_days_that_cannot_be_looked_at_are_refused_by_name(first, last, field):
    with pytest.raises(PeriodError) as refused:
        period_of_days(first, last)
    assert refused.value.field == field


def test_a_period_that_has_no_name_is_refused():
    with pytest.raises(PeriodError, match="24h, 7d, 30d"):
        period_named("1y", MONDAY)
