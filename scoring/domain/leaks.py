"""How good a score may be before it is not believed. What knows the answer early looks like a triumph.

The limits are on the scale of *skill*: the way from chance (an average precision of the share of fraud) to perfect.
Fraud that is easy to see may honestly pass them; then a person says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.domain.metrics import average_precision

# On the handbook's published split (0.66 % fraud) this is an average precision of 0.80. Who knows the rules of the
# simulator, but labels only after a week, reaches 0.72 there, and the best honest models 0.76. Measured leaks begin
# at 0.80 (a random split) and reach 0.93 (a merchant's frauds known at once).
MODEL_SKILL_MAX = 0.80

# On the same split the best of 12 honest inputs alone reaches 0.34 (a merchant's frauds of a week, a week late). The
# same count without the delay reaches 0.63, a merchant's rate that includes the payment itself 0.82.
INPUT_SKILL_MAX = 0.50


@dataclass(frozen=True, slots=True)
class StrongestInput:
    """The input that alone ranks fraud best, by high or by low values."""

    name: str
    average_precision: float


def ap_limit(fraud_rate: float, skill_max: float) -> float:
    """The average precision of this skill, where `fraud_rate` of the payments are fraud."""
    return fraud_rate + skill_max * (1 - fraud_rate)


def strongest_input(
    is_fraud: npt.NDArray[np.bool_], inputs: Mapping[str, npt.NDArray[np.floating]]
) -> StrongestInput:
    """There is at least one fraud and one input. What is missing (not a number) comes last."""
    found = [
        StrongestInput(name, average_precision(is_fraud, ranked))
        for name, values in inputs.items()
        for ranked in _both_ways(np.asarray(values, dtype=np.float64))
    ]
    return max(found, key=lambda each: each.average_precision)


def _both_ways(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Places from 1 by high and by low values, equal for equal values; 0 for what is missing."""
    names, places = np.unique(values, return_inverse=True)
    is_missing = np.isnan(values)
    up = np.where(is_missing, 0, places + 1)
    down = np.where(is_missing, 0, len(names) - places)
    return up.astype(np.float64), down.astype(np.float64)
