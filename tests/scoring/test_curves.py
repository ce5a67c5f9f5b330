import numpy as np
import pytest

from scoring.domain.curves import PrecisionRecallPoint, ScoreBin, precision_recall_curve, score_distribution

TRUTH = np.array([1, 0, 1, 0, 0], dtype=bool)
SCORES = np.array([0.9, 0.8, 0.8, 0.3, 1.0])


def test_precision_and_recall_at_each_threshold_that_finds_more() -> None:
    assert precision_recall_curve(TRUTH, SCORES) == [
        PrecisionRecallPoint(0.9, 0.5, 0.5),
        PrecisionRecallPoint(0.8, 0.5, 1.0),
    ]
    assert precision_recall_curve(~TRUTH & TRUTH, SCORES) == []


def test_a_long_curve_is_thinned_evenly_over_recall_to_its_end() -> None:
    chance = np.random.default_rng(1)
    truth, scores = chance.random(50_000) < 0.1, chance.random(50_000)

    curve = precision_recall_curve(truth, scores, 11)

    assert [point.recall for point in curve] == pytest.approx(np.linspace(0, 1, 11), abs=0.001)
    for point in curve:
        reviewed = scores >= point.threshold
        assert point.precision == pytest.approx(truth[reviewed].mean())
        assert point.recall == pytest.approx(truth[reviewed].sum() / truth.sum())


def test_a_distribution_counts_every_payment_once() -> None:
    assert score_distribution(TRUTH, SCORES, 2) == [ScoreBin(0.0, 0.5, 1, 0), ScoreBin(0.5, 1.0, 2, 2)]
