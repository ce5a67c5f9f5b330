"""What is measured of a model's scores on payments whose truth is known: the same figures wherever they are shown."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from scoring.domain.calibration import brier_score, calibration_bins, expected_calibration_error
from scoring.domain.curves import precision_recall_curve, score_distribution
from scoring.domain.dataset import Dataset
from scoring.domain.metrics import average_precision, card_precision, ranking_quality
from scoring.domain.snapshots import Column, Inputs

Scores = npt.NDArray[np.float64]
Figures = dict[str, float | int | None]
_DAY_SECONDS = 86_400
# Then it has another card.
COMPROMISED_SECONDS = 14 * _DAY_SECONDS


def not_known_compromised(rows: Dataset, since: float) -> Dataset:
    """The payments from a moment on but those of accounts that were known to be compromised: nobody needs a score to
    find those. As in the published protocol an account is, from when its fraud is known, for COMPROMISED_SECONDS.

    `rows` go back further than the moment, by the maturity and COMPROMISED_SECONDS.
    """
    later = rows.rows(np.asarray(rows.occurred_at >= since))
    frauds = rows.rows(rows.is_fraud)
    return later.rows(~known_compromised(later.accounts, later.occurred_at, frauds.accounts, frauds.known_at))


def known_compromised(
    accounts: npt.NDArray[Any], occurred_at: Column, fraud_accounts: npt.NDArray[Any], known_at: Column
) -> npt.NDArray[np.bool_]:
    """Of payments, whether their account was known to be compromised; `known_at` are moments of `fraud_accounts`."""
    known: dict[Any, list[float]] = defaultdict(list)
    for account, moment in zip(fraud_accounts.tolist(), known_at.tolist(), strict=True):
        insort(known[account], moment)
    pairs = zip(accounts.tolist(), occurred_at.tolist(), strict=True)
    is_known = [each in known and _has_between(known[each], at - COMPROMISED_SECONDS, at) for each, at in pairs]
    return np.array(is_known, dtype=np.bool_)


def _has_between(moments: list[float], first: float, last: float) -> bool:
    return bisect_left(moments, first) < bisect_right(moments, last)


def days_of(rows: Dataset) -> npt.NDArray[np.int64]:
    return (rows.occurred_at // _DAY_SECONDS).astype(np.int64)


def figures_of(rows: Dataset, scores: Scores, *, is_probability: bool) -> Figures:
    """None where there is nothing to measure: no fraud, or nothing else."""
    figures: Figures = ranking_quality(rows.is_fraud, scores).as_dict()
    if figures["auc"] is None:
        return figures
    figures["card_precision_100"] = card_precision(rows.is_fraud, scores, rows.accounts, days_of(rows))
    if is_probability:
        figures["calibration_error"] = expected_calibration_error(rows.is_fraud, scores)
        figures["brier"] = brier_score(rows.is_fraud, scores)
    return figures


def curves_of(rows: Dataset, scores: Scores) -> dict[str, Any]:
    """Lists for plots, as plain values."""
    curves: dict[str, Sequence[Any]] = {
        "precision_recall": precision_recall_curve(rows.is_fraud, scores),
        "calibration": calibration_bins(rows.is_fraud, scores),
        "distribution": score_distribution(rows.is_fraud, scores),
    }
    return {name: [asdict(point) for point in points] for name, points in curves.items()}


def importances_of(
    rows: Dataset, inputs: Inputs, names: Sequence[str], medians: Sequence[float | None], raw: Callable[[Inputs], Any]
) -> dict[str, float]:
    """By input, what the average precision loses when the input says nothing: always its median."""
    if not 0 < rows.is_fraud.sum() < len(rows):
        return {}
    whole = average_precision(rows.is_fraud, np.asarray(raw(inputs)))
    lost = {}
    for place, (name, median) in enumerate(zip(names, medians, strict=True)):
        without = inputs.copy()
        without[:, place] = np.nan if median is None else median
        lost[name] = round(whole - average_precision(rows.is_fraud, np.asarray(raw(without))), 5)
    return lost
