import numpy as np
import pytest

from scoring.domain.metrics import area_under_roc, average_precision, ranking_quality, recall_at_budget

TRUTH = np.array([0, 1, 0, 1], dtype=bool)
SCORES = np.array([0.1, 0.4, 0.35, 0.8])


def test_a_perfect_ranking_finds_all_fraud() -> None:
    quality = ranking_quality([0] * 199 + [1], [0.1] * 199 + [0.9])

    assert (quality.auc, quality.average_precision, quality.recall_at_half_percent) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("decimals", [1, 2, 6])
def test_figures_equal_scikit_learn_also_with_ties(decimals: int) -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    chance = np.random.default_rng(decimals)
    scores = chance.random(2000).round(decimals)
    truth = chance.random(2000) < 0.05 + 0.1 * scores

    assert area_under_roc(truth, scores) == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    assert average_precision(truth, scores) == pytest.approx(average_precision_score(truth, scores), abs=1e-12)


def test_recall_counts_the_highest_scores_of_the_budget() -> None:
    assert recall_at_budget(TRUTH, SCORES, 0.25) == 0.5
    assert recall_at_budget(TRUTH, SCORES, 0.001) == 0.5  # at least one is reviewed


@pytest.mark.parametrize("truth", [[0, 0], [1, 1], []])
def test_nothing_is_measured_without_both_kinds(truth: list[int]) -> None:
    quality = ranking_quality(truth, [0.5] * len(truth))

    assert (quality.auc, quality.average_precision, quality.recall_at_one_percent) == (None, None, None)
