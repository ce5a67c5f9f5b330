"""The policy: from which score on a payment is reviewed or declined. Versioned; published like rules."""

from dataclasses import dataclass

from sentinel.core.money import parse_amount
from sentinel.core.outcomes import Outcome, RiskLevel


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds of the two scores, None where the policy does not use one; a score on the threshold counts.

    `degraded_review_above`: currency -> amount. Without a model, a payment above it is reviewed; in a currency that
    is not listed every payment is.
    """

    version: int
    review_percentile: float | None = None
    decline_percentile: float | None = None
    review_probability: float | None = None
    decline_probability: float | None = None
    degraded_review_above: tuple[tuple[str, str], ...] = ()

    def outcome(self, fraud_probability: float | None, score_percentile: float | None) -> Outcome:
        if _reaches(fraud_probability, self.decline_probability) or _reaches(
            score_percentile, self.decline_percentile
        ):
            return Outcome.DECLINE
        if _reaches(fraud_probability, self.review_probability) or _reaches(score_percentile, self.review_percentile):
            return Outcome.REVIEW
        return Outcome.APPROVE

    def reviews_without_model(self, amount_minor: int, currency: str) -> bool:
        limit = dict(self.degraded_review_above).get(currency)
        return limit is None or amount_minor > parse_amount(limit, currency)


def risk_level(fraud_probability: float | None, score_percentile: float | None) -> RiskLevel | None:
    """A word for people: high from a probability of 0.5 or the top 0.5 %, medium from 0.1 or the top 5 %."""
    if fraud_probability is None and score_percentile is None:
        return None
    if _reaches(fraud_probability, 0.5) or _reaches(score_percentile, 0.995):
        return RiskLevel.HIGH
    if _reaches(fraud_probability, 0.1) or _reaches(score_percentile, 0.95):
        return RiskLevel.MEDIUM
    return RiskLevel.LOW


def _reaches(score: float | None, threshold: float | None) -> bool:
    return score is not None and threshold is not None and score >= threshold
