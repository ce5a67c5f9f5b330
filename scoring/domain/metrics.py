"""How well a score ranks fraud. Labels in, numbers out; the same figures for training, gate and replay.

Definitions as in scikit-learn (area under the ROC curve, average precision without interpolation) and in the
Fraud Detection Handbook (recall within a review budget, card precision). No figure depends on the order of the rows:
where a budget ends among tied scores, each of them counts by the share that still fits.
"""

from dataclasses import asdict, dataclass
from typing import Any

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
    """`is_fraud` and `scores` are of one length, in any order; a higher score is more suspicious."""
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


@dataclass(frozen=True, slots=True)
class ReviewCut:
    """Where a review budget ends: all scores above `score` are reviewed, and `share_of_ties` of those equal to it."""

    score: float
    share_of_ties: float

    @classmethod
    def of(cls, scores: npt.NDArray[np.float64], budget: float) -> "ReviewCut":
        """The cut that reviews the `budget` share (at least one) of highest scores."""
        reviewed = max(1, round(len(scores) * budget))
        score = float(np.partition(scores, -reviewed)[-reviewed])
        above, ties = int((scores > score).sum()), int((scores == score).sum())
        return cls(score, (reviewed - above) / ties)

    def recall(self, is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64]) -> float:
        """Share of the fraud among these rows that is reviewed. They may be a part of those the cut was made of."""
        frauds = scores[is_fraud]
        above, ties = int((frauds > self.score).sum()), int((frauds == self.score).sum())
        return (above + self.share_of_ties * ties) / len(frauds)


def recall_at_budget(is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], budget: float) -> float:
    """Share of all fraud among the `budget` share (at least one) of highest scores."""
    return ReviewCut.of(scores, budget).recall(is_fraud, scores)


def card_precision(
    is_fraud: npt.NDArray[np.bool_],
    scores: npt.NDArray[np.float64],
    cards: npt.NDArray[Any],
    days: npt.NDArray[Any],
    cards_a_day: int = 100,
) -> float:
    """Card precision@k: the share of compromised cards among the `cards_a_day` reviewed, the mean over days.

    Each day the cards with the highest scores are reviewed, one score a card: its highest. A card that was found
    leaves all later days. A day with fewer cards still divides by `cards_a_day`. Ties go by the value of `cards`.
    """
    names, card_of = np.unique(cards, return_inverse=True)
    is_found = np.zeros(len(names), dtype=bool)
    shares = []
    for day in np.unique(days):
        rows = (days == day) & ~is_found[card_of]
        found = _compromised_among_highest(is_fraud[rows], scores[rows], card_of[rows], cards_a_day)
        is_found[found] = True
        shares.append(len(found) / cards_a_day)
    return float(np.mean(shares))


def _compromised_among_highest(
    is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], cards: npt.NDArray[Any], count: int
) -> npt.NDArray[Any]:
    """Of the `count` cards with the highest scores, those with any fraud."""
    names, card_of = np.unique(cards, return_inverse=True)
    highest = np.full(len(names), -np.inf)
    np.maximum.at(highest, card_of, scores)
    is_compromised = np.bincount(card_of, weights=is_fraud, minlength=len(names)) > 0
    reviewed = np.argsort(-highest, kind="stable")[:count]
    return names[reviewed[is_compromised[reviewed]]]
