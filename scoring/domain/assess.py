"""From rule hits and a score to a verdict, in the documented order: allow, decline, review, then the policy.

Pure: the same inputs give the same verdict, live and when a past decision is made again.
"""

from collections.abc import Sequence

from ledger.domain.decisions import Reason, Verdict
from rules.domain.definitions import Evaluation, Failure, Hit
from scoring.domain.policy import Policy, risk_level
from scoring.domain.scores import Score
from sentinel.core.catalogue import CATALOGUE_VERSION
from sentinel.core.outcomes import Action, Outcome

RULE_FAILED = "rule_failed"
MODEL_MISSING = "model_missing"


def assess(
    *,
    evaluations: Sequence[Evaluation],
    score: Score | None,
    model_reasons: Sequence[Reason],
    policy: Policy,
    ruleset_version: int,
    model_version: str | None,
    snapshot: bytes,
    amount_minor: int,
    currency: str,
    is_scorable: bool = True,
    degraded: Sequence[str] = (),
) -> Verdict:
    """The verdict of both rule passes, the score (None when no model answered) and the policy.

    `is_scorable` is False for payments no model describes (money coming in): those are left to the rules.
    """
    hits = [hit for evaluation in evaluations for hit in evaluation.hits]
    failed = [rule for evaluation in evaluations for rule in evaluation.failed]
    outcome = _by_rules(hits, failed)
    policy_reasons: list[Reason] = []
    if outcome is None and is_scorable:
        outcome, policy_reasons = _by_policy(score, policy, amount_minor, currency)
    notes = [*degraded]
    if failed:
        notes.append(RULE_FAILED)
    if score is None and is_scorable:
        notes.append(MODEL_MISSING)
    probability, percentile = (score.fraud_probability, score.score_percentile) if score else (None, None)
    return Verdict(
        outcome=outcome or Outcome.APPROVE,
        reasons=(*map(_rule_reason, hits), *map(_failure_reason, failed), *policy_reasons, *model_reasons),
        fraud_probability=probability,
        score_percentile=percentile,
        risk_level=risk_level(probability, percentile),
        ruleset_version=ruleset_version,
        policy_version=policy.version,
        model_version=model_version,
        catalogue_version=CATALOGUE_VERSION,
        snapshot=snapshot,
        degraded=tuple(notes),
    )


def _by_rules(hits: Sequence[Hit], failed: Sequence[Failure]) -> Outcome | None:
    """Allow, then decline, then review; None when no rule has a say."""
    actions = {hit.action for hit in hits}
    if Action.ALLOW in actions:
        return Outcome.APPROVE
    if Action.DECLINE in actions:
        return Outcome.DECLINE
    # A decline rule that could not be evaluated might have hit: a person looks.
    if Action.REVIEW in actions or any(rule.action is Action.DECLINE for rule in failed):
        return Outcome.REVIEW
    return None


def _by_policy(score: Score | None, policy: Policy, amount_minor: int, currency: str) -> tuple[Outcome, list[Reason]]:
    if score is None:
        return _without_model(policy, amount_minor, currency)
    outcome = policy.outcome(score.fraud_probability, score.score_percentile)
    return outcome, [] if outcome is Outcome.APPROVE else [_score_reason(score)]


def _without_model(policy: Policy, amount_minor: int, currency: str) -> tuple[Outcome, list[Reason]]:
    if policy.reviews_without_model(amount_minor, currency):
        words = "No model could score the payment and the amount is not small"
        return Outcome.REVIEW, [Reason("policy.no_model", words, "policy")]
    return Outcome.APPROVE, []


def _rule_reason(hit: Hit) -> Reason:
    return Reason(hit.reason_code, hit.reason_words, "rule")


def _failure_reason(rule: Failure) -> Reason:
    return Reason("rule.failed", f'The rule "{rule.code}" could not be evaluated', "system")


def _score_reason(score: Score) -> Reason:
    if score.fraud_probability is not None:
        words = f"Fraud probability of {score.fraud_probability:.1%}"
    else:
        words = f"Stranger than {score.score_percentile:.1%} of past payments"
    return Reason("policy.score", words, "policy")
