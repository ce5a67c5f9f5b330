"""How well a score ranks fraud. Labels in, numbers out; the same figures for training, gate and replay.

Definitions as in scikit-learn (area under the ROC curve, average precision without interpolation) and in the
Fraud Detection Handbook (recall within a review budget, ties in the order given).
"""

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

REVIEW_BUDGETS = {"recall_at_half_percent": 0.005, "recall_at_one_percent": 0.01}


@dataclass(frozen=True, slots=True)
class RankingQuality:
    """None where there is nothing to measure: no fraud, or nothing else. All others 0 to 1."""

    rows: int
    frauds: int
    auc: float | None
    average_precision: float | None
    recall_at_half_percent: float | None
    recall_at_one_percent: float | None

    def as_dict(self) -> dict[str, float | int | None]:
        return asdict(self)


def ranking_quality(is_fraud: npt.ArrayLike, scores: npt.ArrayLike) -> RankingQuality:
    """`is_fraud` and `scores` are of one length, in time order; a higher score is more suspicious."""
    truth, values = np.asarray(is_fraud, dtype=bool), np.asarray(scores, dtype=np.float64)
    rows, frauds = len(truth), int(truth.sum())
    if frauds == 0 or frauds == rows:
        return RankingQuality(rows, frauds, None, None, None, None)
    recalls = {name: recall_at_budget(truth, values, budget) for name, budget in REVIEW_BUDGETS.items()}
    return RankingQuality(rows, frauds, area_under_roc(truth, values), average_precision(truth, values), **recalls)


def area_under_roc(is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
    """The chance that a fraud scores higher than another payment, ties counted half (Mann-Whitney U)."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    frauds = int(is_fraud.sum())
    rank_sum = float(mean_ranks[places][is_fraud].sum())
    return (rank_sum - frauds * (frauds + 1) / 2) / (frauds * (len(is_fraud) - frauds))


def average_precision(is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
    """Sum over distinct thresholds of precision times the gain in recall; tied scores are taken together."""
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(is_fraud[order])[last_of_tie]
    reviewed = np.flatnonzero(last_of_tie) + 1
    gains = np.diff(found, prepend=0)
    return float((gains * found / reviewed).sum() / is_fraud.sum())


def recall_at_budget(is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], budget: float) -> float:
    """Share of all fraud among the `budget` share (at least one) of highest scores."""
    reviewed = max(1, round(len(scores) * budget))
    highest = np.argsort(-scores, kind="stable")[:reviewed]
    return float(is_fraud[highest].sum() / is_fraud.sum())
