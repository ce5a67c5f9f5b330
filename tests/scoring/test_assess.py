"""The documented order: allow, decline, review, then the policy; without a model; with a broken rule."""

from typing import Any

import pytest

from rules.domain.definitions import Evaluation, Failure, Hit
from scoring.domain.assess import MODEL_MISSING, RULE_FAILED, assess
from scoring.domain.magic_amounts import magic_outcome
from scoring.domain.policy import Policy, risk_level
from scoring.domain.scores import Score
from sentinel.core.outcomes import Action, Outcome, RiskLevel

POLICY = Policy(
    version=3,
    review_percentile=0.99,
    decline_percentile=0.999,
    review_probability=0.5,
    decline_probability=0.9,
    degraded_review_above=(("INR", "50.00"),),
)


BARE: dict[str, Any] = {
    "evaluations": (),
    "model_reasons": (),
    "policy": POLICY,
    "ruleset_version": 1,
    "model_version": None,
    "snapshot": b"",
    "amount_minor": 10_000,
    "currency": "INR",
}


def hit(action):
    return Hit(f"rule_{action}", 1, action, f"rule.{action}", f"words of {action}")


def failure(action):
    return Failure(f"broken_{action}", 1, action, "ZeroDivisionError")


def verdict(*actions, failed=(), score=None, percentile=0.5, policy=POLICY, **changes):
    given: dict[str, Any] = {
        "evaluations": (
            Evaluation(tuple(hit(action) for action in actions), tuple(failure(action) for action in failed)),
        ),
        "score": score or Score(None, percentile),
        "model_reasons": (),
        "policy": policy,
        "ruleset_version": 7,
        "model_version": "m",
        "snapshot": b"",
        "amount_minor": 10_000,
        "currency": "INR",
    }
    return assess(**given | changes)


@pytest.mark.parametrize(
    ("actions", "outcome"),
    [
        ((), Outcome.APPROVE),
        ((Action.REVIEW,), Outcome.REVIEW),
        ((Action.DECLINE,), Outcome.DECLINE),
        ((Action.REVIEW, Action.DECLINE), Outcome.DECLINE),
        ((Action.ALLOW, Action.DECLINE, Action.REVIEW), Outcome.APPROVE),
    ],
)
def test_allow_beats_decline_beats_review(actions, outcome):
    found = verdict(*actions)

    assert found.outcome is outcome
    assert [reason.code for reason in found.reasons] == [f"rule.{action}" for action in actions]


@pytest.mark.parametrize(
    ("score", "outcome"),
    [
        (Score(None, 0.9899), Outcome.APPROVE),
        (Score(None, 0.99), Outcome.REVIEW),
        (Score(None, 0.999), Outcome.DECLINE),
        (Score(0.5, 0.1), Outcome.REVIEW),
        (Score(0.9, 0.1), Outcome.DECLINE),
    ],
)
def test_the_policy_decides_when_no_rule_does(score, outcome):
    assert verdict(score=score).outcome is outcome


def test_an_allow_rule_beats_the_policy():
    assert verdict(Action.ALLOW, percentile=1.0).outcome is Outcome.APPROVE


def test_a_failed_decline_rule_means_review_and_is_named():
    found = verdict(failed=(Action.DECLINE,))

    assert found.outcome is Outcome.REVIEW
    assert "broken_decline" in found.reasons[0].words
    assert RULE_FAILED in found.degraded


def test_a_failed_review_rule_is_named_but_stops_nobody():
    found = verdict(failed=(Action.REVIEW,))

    assert found.outcome is Outcome.APPROVE
    assert RULE_FAILED in found.degraded


@pytest.mark.parametrize(
    ("amount_minor", "currency", "outcome"),
    [(5_000, "INR", Outcome.APPROVE), (5_001, "INR", Outcome.REVIEW), (1, "EUR", Outcome.REVIEW)],
)
def test_without_a_model_what_is_not_small_is_reviewed(amount_minor, currency, outcome):
    found = assess(**BARE | {"amount_minor": amount_minor, "currency": currency}, score=None)

    assert found.outcome is outcome
    assert MODEL_MISSING in found.degraded
    assert (found.fraud_probability, found.score_percentile, found.risk_level) == (None, None, None)


def test_money_coming_in_is_left_to_the_rules():
    incoming: dict[str, Any] = {"score": None, "is_scorable": False}
    quiet = assess(**BARE, **incoming)
    ruled = assess(**BARE | {"evaluations": (Evaluation((hit(Action.REVIEW),)),)}, **incoming)

    assert (quiet.outcome, quiet.degraded) == (Outcome.APPROVE, ())
    assert ruled.outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    ("probability", "percentile", "level"),
    [
        (None, 0.5, RiskLevel.LOW),
        (None, 0.95, RiskLevel.MEDIUM),
        (None, 0.995, RiskLevel.HIGH),
        (0.6, 0, RiskLevel.HIGH),
    ],
)
def test_risk_in_a_word(probability, percentile, level):
    assert risk_level(probability, percentile) is level


def test_an_amount_that_asks_for_an_outcome_counts_before_rules_and_policy():
    asked = verdict(Action.DECLINE, amount_minor=10_002, magic=magic_outcome(10_002, livemode=False))

    assert asked.outcome is Outcome.REVIEW
    assert [reason.code for reason in asked.reasons] == ["rule.decline", "test.magic_amount"]
    assert asked.reasons[-1].words == "In test mode a payment of 100.02 INR always goes to review"


def test_only_a_test_client_can_ask_and_only_by_these_amounts():
    assert [magic_outcome(amount, livemode=False) for amount in (10_000, 10_001, 10_002, 10_003, 10_004)] == [
        None,
        Outcome.APPROVE,
        Outcome.REVIEW,
        Outcome.DECLINE,
        None,
    ]
    assert magic_outcome(10_003, livemode=True) is None
