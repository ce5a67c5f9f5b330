"""The dashboard's numbers over a small history made by hand, each to the unit."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from dashboard.domain.periods import Period, PeriodError, period_named, period_of_days
from dashboard.selectors import figures
from dashboard.selectors.decision_times import decision_times
from dashboard.selectors.figures import Freshness, figures_read
from dashboard.selectors.reviews import Load, loads, queue, reviewers
from dashboard.selectors.rolled import Filters
from dashboard.services.rollups import rollups_renew
from ledger.domain.payments import TransactionType
from ledger.models import Case, DecisionTime
from ledger.services.cases.assigning import case_assign
from ledger.services.cases.locking import case_lock
from ledger.services.reversals import reversal_make
from ledger.services.review_terms import reporting_rate_set
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
    assert found.by_age[2] == ("4 to 24 hours", 1, 1)
    assert (found.overdue, found.unassigned, found.escalated, found.snoozed) == (1, 1, 0, 0)
    assert queue(ALL, now=at(1, 10)).overdue == 0
    assert queue(ALL, now=at(9, 10)).by_age[-1] == ("over 3 days", 1, 1)
    assert queue(Filters(currency="EUR"), now=at(9, 10)).count == 0
    assert queue(Filters(livemode=False), now=at(9, 10)).count == 0


def test_who_has_work_now(week, django_user_model):
    rita, sam = (django_user_model.objects.create_user(name) for name in ("rita", "sam"))
    now = timezone.now()
    held = Case.objects.get(decided_at=None, amount_minor=500)
    assert loads(ALL, now=now) == []

    case_assign(case_id=held.pk, assignee=rita, user=sam, now=now)
    case_lock(case_id=held.pk, user=rita, now=now)

    assert loads(ALL, now=now) == [Load("rita", assigned=1, overdue=1, locked=1)]
    assert loads(ALL, now=now + timedelta(hours=1)) == [Load("rita", assigned=1, overdue=1, locked=0)]
    assert loads(Filters(currency="EUR"), now=now) == []


def test_what_is_narrowed_to_a_channel_and_what_is_not(week):
    shops = Filters(topic="channel", key="pos")
    found = figures_read(WEEK, shops, now=MONDAY)

    assert (found.total.payments, found.money[0].approved.amount_minor) == (2, 3000)
    assert (found.over_time[0].approved, found.over_time[1].payments) == (2, 0)
    assert found.week == {(1, 9): (2, 1)}
    assert sum(each.payments for each in found.risk) == 9
    assert figures_read(WEEK, Filters(topic="country", key=""), now=MONDAY).total.payments == 7


def test_the_week_before_stands_beside_the_week(week):
    after = Period(WEEK.end, WEEK.end + timedelta(days=7))
    found = figures_read(after, ALL, now=MONDAY)

    assert (found.total.payments, found.total_before.payments) == (0, 9)
    assert found.money_before[0].approved.amount_minor == 3300


def test_test_payments_are_counted_apart(week, fill):
    account = make_account("acc_test", livemode=False)
    make_payment(account, make_client(livemode=False), amount_minor=70, now=at(3, 3))
    fill()

    test = figures_read(WEEK, Filters(livemode=False), now=MONDAY)
    assert (test.total.payments, test.money[0].approved.amount_minor) == (1, 70)
    assert figures_read(WEEK, ALL, now=MONDAY).total.payments == 9


def test_money_of_all_currencies_in_one_when_every_rate_is_known(week, fill, settings):
    settings.REPORTING_CURRENCY = "INR"
    make_payment(make_account("acc_jpy", currency="JPY"), make_client(), amount_minor=77, now=at(3, 3))
    fill()
    lacking = figures_read(WEEK, ALL, now=MONDAY).in_one_currency
    assert (lacking.money, lacking.lacking) == (None, ["JPY"])

    for day, rate_micro in ((WEEK.end, 9_000_000), (MONDAY, 555_000)):  # the first holds too late
        reporting_rate_set(
            currency="JPY", from_day=day.date(), rate_micro=rate_micro, actor="olga", now=timezone.now()
        )

    found = figures_read(WEEK, ALL, now=MONDAY).in_one_currency
    assert found.money is not None
    assert (found.money.currency, found.on) == ("INR", WEEK.end.date() - timedelta(days=1))
    assert found.money.approved.amount_minor == 3300 + 4274  # 77 yen are 42.735 rupees
    assert found.money.approved.payments == 4


def test_how_long_decisions_took_by_the_day_and_altogether(db):
    def took(at: datetime, band: int, payments: int, *, livemode: bool = True) -> None:
        DecisionTime.objects.create(livemode=livemode, hour=at, band=band, payments=payments)

    took(MONDAY, 40, 90)
    took(MONDAY + timedelta(hours=5), 48, 9)
    took(MONDAY + timedelta(hours=5), 80, 1)
    took(MONDAY + timedelta(days=1), 56, 10)
    took(MONDAY + timedelta(days=1), 100, 10, livemode=False)
    took(WEEK.end, 100, 1000)

    found = decision_times(WEEK, livemode=True)
    assert (found.payments, [round(value or 0, 1) for value in found.whole]) == (110, [3.2, 12.8, 12.8])
    assert [round(value or 0, 1) for value in found.over_time[0]] == [3.2, 6.4, 6.4]
    assert found.over_time[1][0] == pytest.approx(12.8)
    assert found.over_time[2] == (None, None, None)
    assert decision_times(WEEK, livemode=False).payments == 10


def test_figures_are_behind_when_the_worker_is_or_payments_are_not_known(week):
    fresh = figures.freshness()
    assert fresh is not None
    now = timezone.now()

    assert not fresh.is_behind(now)
    assert fresh.is_behind(now + timedelta(minutes=4))
    assert Freshness(now, now - timedelta(minutes=6)).is_behind(now)


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
        with django_assert_max_num_queries(12):
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
