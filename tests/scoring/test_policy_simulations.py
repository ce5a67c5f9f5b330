"""What a policy would have done: counted by the database, and equal to what the policy itself says."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.domain.decisions import Reason
from ledger.models import Account, Label
from rules.errors import StepNotPossible
from scoring.domain.policy import Policy
from scoring.domain.policy_figures import Counts, Kind, _by, figures
from scoring.models import PolicySimulation, PolicyVersion
from scoring.selectors.policies import policies_with_standing, policy_point, release_current
from scoring.selectors.policy_figures import Period, outcome_sql, scores_exist
from scoring.services.policies import policy_draft
from scoring.services.policy_shipped import shipped_policy_publish
from scoring.services.policy_simulations import (
    policy_simulation_ask,
    policy_simulation_run,
    policy_trial_measure,
)
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import uuid7
from sentinel.core.outcomes import Outcome
from tests.factories import RULE_HIT, make_account, make_client, make_payment
from tests.scoring.policies import hide_policies, payments, policies, scores

OUTCOMES = (Outcome.APPROVE, Outcome.REVIEW, Outcome.DECLINE)
# A year of its own, so that payments which other tests leave behind are not in the period.
NOW = datetime(2021, 3, 1, 12, tzinfo=UTC)
PERIOD = Period(NOW - timedelta(days=30), NOW)

scored = st.lists(st.tuples(payments, st.none() | scores, scores), min_size=1, max_size=20)


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(policies(), scored)
def test_the_database_says_what_the_policy_says(policy, rows):
    sql, params = outcome_sql(policy)
    values = ", ".join(["(%s::varchar, %s, %s::bigint, %s::float8, %s::float8)"] * len(rows))
    names = ("channel", "currency", "amount_minor")
    told = [each for payment, *pair in rows for each in (*(payment[name] for name in names), *pair)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {sql} FROM (VALUES {values})"
            " AS payment (channel, currency, amount_minor, fraud_probability, score_percentile)",
            [*params, *told],
        )
        said = [OUTCOMES[row[0]] for row in cursor]

    assert said == [policy.outcome(probability, percentile, **payment) for payment, probability, percentile in rows]


@pytest.fixture
def account(db) -> Account:
    hide_policies()
    return make_account(f"acc_{uuid7().hex[:12]}", opening_balance_minor=10_000_000)


_minutes = count(1)


@pytest.fixture
def pay(account):
    """A payment that the policy alone judged, with a score of its own."""
    client = make_client()

    def pay(percentile: float, *, is_fraud: bool | None = None, reasons: tuple[Reason, ...] = (), **fields):
        told = {"score_percentile": percentile, "reasons": reasons}
        occurred_at = NOW - timedelta(days=10) + timedelta(minutes=next(_minutes))
        payment = make_payment(account, client, verdict_changes=told, now=occurred_at, **fields)
        if is_fraud is not None:
            label(payment, is_fraud)
        return payment

    return pay


def label(payment, is_fraud: bool) -> None:
    Label.objects.create(
        id=uuid7(),
        transaction=payment,
        account=payment.account,
        is_fraud=is_fraud,
        source=Label.Source.REVIEW,
        actor="mia",
        observed_at=NOW,
        recorded_at=NOW,
    )


def draft(review_percentile: float, **thresholds) -> PolicyVersion:
    told = {"review_percentile": review_percentile, **thresholds}
    return policy_draft(actor="ana", thresholds=told, note="", now=NOW)


def simulate(version: PolicyVersion, days: int = 30) -> PolicySimulation:
    simulation = policy_simulation_ask(actor="ana", version=version, days=days, now=NOW)
    policy_simulation_run(simulation=simulation, now=NOW)
    simulation.refresh_from_db()
    return simulation


def test_it_counts_beside_the_live_policy(pay):
    shipped_policy_publish(thresholds={"review_percentile": 0.99}, note="", now=NOW)
    pay(0.995, is_fraud=True)
    pay(0.95, is_fraud=True)
    pay(0.95, is_fraud=False)
    pay(0.95)
    pay(0.5, is_fraud=True)
    pay(0.5)

    figures = simulate(draft(0.9)).figures

    assert figures["payments"] == 6
    assert figures["before"] == {
        "reviews": 1,
        "declines": 0,
        "fraud_caught": 1,
        "fraud_missed": 2,
        "good_stopped": 0,
        "unlabelled_stopped": 0,
    }
    assert figures["after"] == {
        "reviews": 4,
        "declines": 0,
        "fraud_caught": 2,
        "fraud_missed": 1,
        "good_stopped": 1,
        "unlabelled_stopped": 1,
    }
    assert (figures["stricter"], figures["milder"]) == (3, 0)
    assert figures["days"] == pytest.approx(10, abs=1)


def test_it_leaves_out_what_the_policy_had_no_say_in(pay):
    pay(0.95)
    pay(0.95, reasons=(RULE_HIT,))
    pay(0.95, reasons=(Reason("funds.insufficient", "Not enough money", "funds"),))
    pay(0.95, reasons=(Reason("model.amount_vs_history", "Large", "model"), Reason("policy.score", "High", "policy")))

    assert simulate(draft(0.9)).figures["payments"] == 2


def test_it_says_channels_bands_and_money_apart(pay):
    pay(0.95, channel="ecommerce", amount_minor=600_000)
    pay(0.95, channel="ecommerce", amount_minor=100)
    pay(0.95, channel="pos", amount_minor=600_000)
    online = {"channels": ["ecommerce"], "currency": "INR", "amount_from": "5000.00", "review_percentile": 0.9}

    figures = simulate(draft(0.99, bands=[online])).figures

    assert [(row["name"], row["payments"], row["reviews_after"]) for row in figures["channels"]] == [
        ("ecommerce", 2, 1),
        ("pos", 1, 0),
    ]
    assert [(row["name"], row["reviews_after"]) for row in figures["bands"]] == [(0, 0), (1, 1)]
    assert figures["money"] == [
        {
            "name": "INR",
            "payments": 3,
            "reviews_before": 0,
            "reviews_before_minor": 0,
            "declines_before": 0,
            "declines_before_minor": 0,
            "reviews_after": 1,
            "reviews_after_minor": 600_000,
            "declines_after": 0,
            "declines_after_minor": 0,
        }
    ]


def test_the_curve_says_what_another_threshold_would_do(pay):
    for percentile, is_fraud in ((0.99, True), (0.95, False), (0.9, None), (0.3, None)):
        pay(percentile, is_fraud=is_fraud)

    curve = simulate(draft(0.95, decline_percentile=0.98)).figures["curve"]

    assert (curve["score"], curve["threshold"]) == ("percentile", 0.95)
    shown = [(point["threshold"], point["reviews"], point["fraud_caught"]) for point in curve["points"]]
    assert shown == [(0.95, 1, 1), (0.9, 2, 1), (0.3, 3, 1)]


def test_a_later_label_corrects_an_earlier_one(pay):
    payment = pay(0.95, is_fraud=True)
    label(payment, is_fraud=False)

    assert simulate(draft(0.9)).figures["after"]["good_stopped"] == 1


def test_an_empty_bank_is_simulated_too(account):
    simulation = simulate(draft(0.9))

    assert (simulation.state, simulation.figures["payments"], simulation.figures["curve"]["points"]) == (
        "done",
        0,
        [],
    )


def test_a_simulated_draft_says_so(pay):
    pay(0.95)
    version = draft(0.9)
    simulate(version)

    assert scores_exist()
    assert policy_point(policies_with_standing().get(pk=version.pk), release_current(NOW)).value == "simulated"


@pytest.mark.parametrize("days", [0, 366])
def test_it_needs_a_number_of_days(account, days):
    version = draft(0.9)

    with pytest.raises(InvalidRequest, match="1 to 365 days"):
        policy_simulation_ask(actor="ana", version=version, days=days, now=NOW)

    assert PolicySimulation.objects.count() == 0


def test_one_simulation_of_a_version_at_a_time(account):
    version = draft(0.9)
    policy_simulation_ask(actor="ana", version=version, days=30, now=NOW)

    with pytest.raises(StepNotPossible, match="under way"):
        policy_simulation_ask(actor="ana", version=version, days=30, now=NOW)

    assert policy_simulation_ask(actor="ana", version=version, days=30, now=NOW + timedelta(hours=1))


def test_a_failure_is_kept_with_it(account, monkeypatch):
    def fail(**_):
        raise RuntimeError("the server went away")

    simulation = policy_simulation_ask(actor="ana", version=draft(0.9), days=30, now=NOW)
    monkeypatch.setattr("scoring.services.policy_simulations.counts_read", fail)

    with pytest.raises(RuntimeError):
        policy_simulation_run(simulation=simulation, now=NOW)

    simulation.refresh_from_db()
    assert (simulation.state, simulation.figures) == ("failed", None)
    assert "Simulate it again" in simulation.failure


def test_a_policy_on_trial_is_counted_since_it_began(pay):
    from rules.domain.stages import Stage
    from scoring.services.policies import policy_release

    pay(0.95)
    began_at = NOW - timedelta(days=20)
    live = shipped_policy_publish(thresholds={"review_percentile": 0.99}, note="", now=began_at)
    trial = shipped_policy_publish(thresholds={"review_percentile": 0.9}, note="", now=began_at)

    def place(release):
        return release.with_placed(live.number, Stage.LIVE).with_placed(trial.number, Stage.SHADOW)

    policy_release(actor="ben", change=place, note="", now=began_at)
    simulation: Any = policy_trial_measure(now=NOW)

    assert (simulation.version, simulation.is_of_trial, simulation.first_at) == (trial, True, began_at)
    assert (simulation.figures["stricter"], simulation.compared_with) == (1, live.number)


def test_without_a_trial_nothing_is_counted(account):
    shipped_policy_publish(thresholds={}, note="", now=NOW)

    assert policy_trial_measure(now=NOW + timedelta(hours=1)) is None
    assert PolicySimulation.objects.count() == 0


@given(st.lists(st.tuples(st.integers(0, 10_000), st.none() | st.booleans()), min_size=1, max_size=60))
def test_the_curve_is_what_the_moved_policy_does(rows):
    counts, threshold = Counts.none(), 0.5
    for step, is_fraud in rows:
        after = Policy(1, review_percentile=threshold).outcome(None, step / 10_000)
        counts.payments[Kind(None, "INR", 0, Outcome.APPROVE, after, is_fraud)] += 1
        counts.by_score[(step, is_fraud)] += 1

    points = figures(counts, days=1, score="percentile", threshold=threshold)["curve"]["points"]

    for point in points:
        moved = Policy(1, review_percentile=point["threshold"])
        stopped = [is_fraud for step, is_fraud in rows if moved.outcome(None, step / 10_000) is Outcome.REVIEW]
        tally = Counter(stopped)
        assert (point["reviews"], point["fraud_caught"], point["good_stopped"]) == (
            len(stopped),
            tally[True],
            tally[False],
        )


def test_money_of_several_currencies_is_not_added_up():
    kinds = [Kind("pos", currency, 0, Outcome.APPROVE, Outcome.REVIEW, None) for currency in ("INR", "EUR")]
    (row,) = _by(Counts(Counter(kinds), Counter(dict.fromkeys(kinds, 500)), Counter()), lambda kind: kind.channel)

    assert (row["payments"], row["reviews_after"]) == (2, 2)
    assert not [name for name in row if name.endswith("_minor")]
