"""Figures for machines are those of the dashboard."""

from datetime import UTC, datetime, timedelta

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from dashboard.api import analytics
from sentinel.api.directory import identity_of
from sentinel.core.outcomes import Outcome
from tests.dashboard.told import label, resolve
from tests.factories import make_account, make_client, make_payment

MONDAY = datetime(2026, 1, 26, tzinfo=UTC)
WEEK = {"from": "2026-01-26", "to": "2026-02-01"}


@pytest.fixture
def week(pay, fill):
    """A payment that was fraud, a review that caught one, and one without a score that was declined."""
    shop = {"channel": "pos", "merchant_country": "FR", "merchant_category": "5732"}
    lost = pay(amount_minor=2000, now=MONDAY + timedelta(hours=9), **shop)
    caught = pay(Outcome.REVIEW, 400, now=MONDAY + timedelta(days=1, hours=9))
    unscored = {"score_percentile": None, "model_version": None}
    pay(Outcome.DECLINE, 800, now=MONDAY + timedelta(days=2), verdict_changes=unscored)
    resolve(caught, "declined")
    label(lost, is_fraud=True)
    label(caught, is_fraud=True)
    fill()


@pytest.fixture
def ask(db):
    """ask(view, **query) -> the answer's JSON, as a live client with all scopes is told."""
    clients = {livemode: identity_of(make_client(livemode=livemode)) for livemode in (True, False)}

    def asked(view, *, livemode=True, **query):
        request = APIRequestFactory().get("/", WEEK | query)
        force_authenticate(request, user=clients[livemode])  # type: ignore[arg-type]  # the stubs know Django's users only
        answer = view.as_view()(request)
        assert answer.status_code == 200
        return answer.data

    return asked


def test_outcomes_and_fraud_of_each_day_with_the_money(week, ask):
    told = ask(analytics.FraudTrendsView)

    assert told["period"] == {
        "from": "2026-01-26T00:00:00.000000Z",
        "to": "2026-02-02T00:00:00.000000Z",
        "step": "day",
    }
    assert [(day["payments"], day["fraud_caught"], day["fraud_approved"]) for day in told["results"][:4]] == [
        (1, 0, 1),
        (1, 1, 0),
        (1, 0, 0),
        (0, 0, 0),
    ]
    (inr,) = told["money"]
    assert (inr["currency"], inr["approved"], inr["fraud_lost"]) == (
        "INR",
        {"payments": 1, "amount": "20.00"},
        {"payments": 1, "amount": "20.00"},
    )
    assert inr["blocked"] == {"payments": 2, "amount": "12.00"}
    assert told["updated_at"].endswith("Z")


def test_scores_patterns_and_models_count_the_same_payments(week, ask):
    risk, patterns, models = (
        ask(view)
        for view in (
            analytics.RiskDistributionView,
            analytics.TransactionPatternsView,
            analytics.ModelPerformanceView,
        )
    )

    assert [(band["score_from"], band["score_to"]) for band in risk["results"]][-1] == ("0.95", "1.00")
    assert (len(risk["results"]), risk["results"][-1]["payments"], risk["without_score"]["payments"]) == (20, 2, 1)
    assert {each["name"]: (each["payments"], each["fraud"]) for each in patterns["by_channel"]}["pos"] == (1, 1)
    assert sum(hour["payments"] for hour in patterns["by_hour"]) == 3
    assert {each["model_version"]: each["payments"] for each in models["results"]}[""] == 1
    assert sum(each["payments"] for each in models["results"]) == 3


def test_another_currency_has_none_of_it(week, ask):
    assert ask(analytics.FraudTrendsView, currency="EUR")["money"] == []


def test_a_test_client_reads_those_of_test_payments(week, ask, fill):
    make_payment(make_account("acc_test", livemode=False), make_client(livemode=False), now=MONDAY, amount_minor=700)
    fill()

    told = ask(analytics.FraudTrendsView, livemode=False)
    assert [money["approved"]["amount"] for money in told["money"]] == ["7.00"]
