"""When a champion is stopped by the system: it alerts on far more payments than was promised of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scoring.domain.policy import Policy, Thresholds

ScoreBins = Sequence[Mapping[str, Any]]  # as scoring.domain.curves.ScoreBin


@dataclass(frozen=True, slots=True)
class ModelBrake:
    """`factor`: how many times the promised alerts are borne. Fewer payments or alerts never stop a model."""

    factor: float
    payments_min: int
    alerts_min: int

    def stops(self, alerts: int, payments: int, promised: float | None) -> bool:
        """`promised`: share of payments; None: nobody knows what to expect, so nothing is stopped."""
        if promised is None or payments < self.payments_min or alerts < self.alerts_min:
            return False
        return alerts > self.factor * promised * payments


def promised_share(policies: Sequence[Policy], probabilities: ScoreBins | None) -> float | None:
    """The largest share of payments that one of these policies, or a band of theirs, should review or decline.

    By a percentile that is what lies above it. `probabilities` are of the measured payments; None of a model without
    any. Where a threshold parts a bin, all of it counts. None when probabilities decide and were not measured.
    """
    kinds = [policy.thresholds_for(band) for policy in policies for band in (None, *policy.bands)]
    shares = [_promised(thresholds, probabilities) for thresholds in kinds]
    return None if None in shares else min(1.0, max((share for share in shares if share is not None), default=0.0))


def _promised(thresholds: Thresholds, probabilities: ScoreBins | None) -> float | None:
    percentile = _lowest(thresholds.review_percentile, thresholds.decline_percentile)
    probability = _lowest(thresholds.review_probability, thresholds.decline_probability)
    strange = 0.0 if percentile is None else 1 - percentile
    if probability is None or probabilities is None:
        return strange
    rows = sum(_rows(each) for each in probabilities)
    likely = sum(_rows(each) for each in probabilities if each["end"] > probability or each["end"] == 1)
    return strange + likely / rows if rows else None


def _lowest(*thresholds: float | None) -> float | None:
    return min((each for each in thresholds if each is not None), default=None)


def _rows(each: Mapping[str, Any]) -> int:
    return int(each["legitimate"] + each["frauds"])
