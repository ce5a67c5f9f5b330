"""Curves of a score as short lists, small enough to be stored with a model and drawn years later."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CURVE_POINTS = 100
DISTRIBUTION_BINS = 50


@dataclass(frozen=True, slots=True)
class PrecisionRecallPoint:
    """Of all payments scored `threshold` or more: how many are fraud, and how much of the fraud that is."""

    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """Payments with a score from `start` to below `end`; in the last bin `end` belongs to it."""

    start: float
    end: float
    legitimate: int
    frauds: int


def precision_recall_curve(
    is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], points: int = CURVE_POINTS
) -> list[PrecisionRecallPoint]:
    """At most `points`, from the highest threshold to all fraud found, evenly over recall; empty without fraud."""
    order = np.argsort(-scores, kind="stable")
    last_of_tie = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    found = np.cumsum(is_fraud[order])[last_of_tie]
    frauds = int(is_fraud.sum())
    wanted = np.unique(np.ceil(np.linspace(1, frauds, points))) if frauds else np.empty(0)
    places = np.unique(np.searchsorted(found, wanted))
    return [
        PrecisionRecallPoint(
            threshold=float(scores[order[last_of_tie[place]]]),
            precision=float(found[place] / (last_of_tie[place] + 1)),
            recall=float(found[place] / frauds),
        )
        for place in places
    ]


def score_distribution(
    is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], bins: int = DISTRIBUTION_BINS
) -> list[ScoreBin]:
    """Equally wide bins from 0 to 1. Every score lies in that range."""
    edges = np.linspace(0, 1, bins + 1)
    legitimate, frauds = (np.histogram(scores[mask], edges)[0] for mask in (~is_fraud, is_fraud))
    columns = zip(edges[:-1].tolist(), edges[1:].tolist(), legitimate.tolist(), frauds.tolist(), strict=True)
    return [ScoreBin(*column) for column in columns]
