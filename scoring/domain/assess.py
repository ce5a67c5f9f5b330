"""From rule hits and a score to a verdict, in the documented order: allow, decline, review, then the policy.

Pure: the same inputs give the same verdict, live and when a past decision is made again.
"""

from collections.abc import Sequence

from ledger.domain.decisions import Reason, Verdict
from rules.domain.definitions import Evaluation, Failure, Hit
from scoring.domain.magic_amounts import magic_reason
from scoring.domain.policy import Band, Policy, risk_level
from scoring.domain.policy_words import band_words
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
    channel: str | None = None,
    is_scorable: bool = True,
    degraded: Sequence[str] = (),
    magic: Outcome | None = None,
) -> Verdict:
    """The verdict of both rule passes, the score (None when no model answered) and the policy.

    `is_scorable` is False for payments no model describes (money coming in): those are left to the rules. `magic` is
    what a test client asked for by its amount: it counts in the place of everything else that is said here.
    """
    hits = [hit for evaluation in evaluations for hit in evaluation.hits]
    failed = [rule for evaluation in evaluations for rule in evaluation.failed]
    outcome = _by_rules(hits, failed)
    policy_reasons: list[Reason] = []
    if outcome is None and is_scorable:
        outcome, policy_reasons = by_policy(score, policy, channel, amount_minor, currency)
    if magic is not None:
        outcome, policy_reasons = magic, [magic_reason(magic, amount_minor, currency)]
    is_unscored = score is None and is_scorable
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
        degraded=_notes(degraded, failed, is_unscored=is_unscored),
        rule_hits=tuple([hit.version_id for hit in hits]),
        silent_hits=tuple([hit.version_id for found in evaluations for hit in found.silent_hits]),
        failed_rules=_failed_ids(evaluations) if failed or any(each.silent_failed for each in evaluations) else (),
    )


def _notes(degraded: Sequence[str], failed: Sequence[Failure], *, is_unscored: bool) -> tuple[str, ...]:
    notes = [*degraded]
    if failed:
        notes.append(RULE_FAILED)
    if is_unscored:
        notes.append(MODEL_MISSING)
    return tuple(notes)


def _failed_ids(evaluations: Sequence[Evaluation]) -> tuple[int, ...]:
    return tuple([rule.version_id for each in evaluations for rule in (*each.failed, *each.silent_failed)])


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


def by_policy(
    score: Score | None, policy: Policy, channel: str | None, amount_minor: int, currency: str
) -> tuple[Outcome, list[Reason]]:
    """What the thresholds say of a score, with the reason unless they approve."""
    if score is None:
        return _without_model(policy, amount_minor, currency)
    band = policy.band_for(channel, currency, amount_minor)
    outcome = policy.thresholds_for(band).outcome(score.fraud_probability, score.score_percentile)
    return outcome, [] if outcome is Outcome.APPROVE else [_score_reason(score, band)]


def _without_model(policy: Policy, amount_minor: int, currency: str) -> tuple[Outcome, list[Reason]]:
    if policy.reviews_without_model(amount_minor, currency):
        words = "No model could score the payment and the amount is not small"
        return Outcome.REVIEW, [Reason("policy.no_model", words, "policy")]
    return Outcome.APPROVE, []


def _rule_reason(hit: Hit) -> Reason:
    return Reason(hit.reason_code, hit.reason_words, "rule")


def _failure_reason(rule: Failure) -> Reason:
    return Reason("rule.failed", f'The rule "{rule.code}" could not be evaluated', "system")


def _score_reason(score: Score, band: Band | None) -> Reason:
    if score.fraud_probability is not None:
        words = f"Fraud probability of {score.fraud_probability:.1%}"
    else:
        words = f"Stranger than {score.score_percentile:.1%} of past payments"
    # Told of a payment that a band judged; the code stays the same for machines.
    judged = f", judged as {band_words(band)}" if band else ""
    return Reason("policy.score", f"{words}{judged}", "policy")
