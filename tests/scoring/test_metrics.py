import numpy as np
import pytest

from scoring.domain.metrics import (
    ReviewCut,
    area_under_roc,
    average_precision,
    card_precision,
    ranking_quality,
    recall_at_budget,
)

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


def test_scores_tied_where_the_budget_ends_count_by_the_share_that_fits() -> None:
    scores = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1])

    # Four of eight: the first, and three of the four that are tied.
    assert ReviewCut.of(scores, 0.5) == ReviewCut(0.5, 0.75)
    for place in (1, 2, 3, 4):
        assert recall_at_budget(np.arange(8) == place, scores, 0.5) == 0.75


def test_recall_of_a_part_is_what_the_budget_of_all_finds_in_it() -> None:
    cut = ReviewCut.of(SCORES, 0.25)

    assert cut.recall(TRUTH[:2], SCORES[:2]) == 0.0
    assert cut.recall(TRUTH[2:], SCORES[2:]) == 1.0


def cards_found(rows: list[tuple[int, str, float, int]], cards_a_day: int) -> float:
    days, cards, scores, truth = (np.array(column) for column in zip(*rows, strict=True))
    return card_precision(truth == 1, scores, cards, days, cards_a_day)


def test_card_precision_reviews_the_cards_with_the_highest_scores_of_each_day() -> None:
    first_day = [(1, "a", 0.9, 1), (1, "b", 0.8, 0), (1, "c", 0.7, 1)]

    assert cards_found(first_day, 1) == 1.0
    assert cards_found(first_day, 2) == 0.5
    assert cards_found(first_day, 3) == pytest.approx(2 / 3)
    assert cards_found(first_day, 100) == 0.02


def test_a_card_that_was_found_makes_room_on_later_days_and_one_that_was_not_does_not() -> None:
    days = [
        (1, "a", 0.9, 1),
        (1, "b", 0.8, 0),
        (2, "a", 0.9, 1),
        (2, "b", 0.8, 0),
        (2, "c", 0.7, 1),
        (3, "d", 0.5, 0),
    ]

    assert cards_found(days, 1) == pytest.approx((1 + 0 + 0) / 3)
    assert cards_found(days, 2) == pytest.approx((0.5 + 0.5 + 0) / 3)


def test_a_card_is_reviewed_once_by_its_highest_score_and_found_by_any_fraud() -> None:
    day = [(1, "a", 0.9, 0), (1, "a", 0.8, 0), (1, "a", 0.1, 1), (1, "b", 0.7, 1), (1, "c", 0.6, 0)]

    assert cards_found(day, 2) == 1.0
    assert cards_found(day[::-1], 2) == 1.0


@pytest.mark.parametrize("truth", [[0, 0], [1, 1], []])
def test_nothing_is_measured_without_both_kinds(truth: list[int]) -> None:
    quality = ranking_quality(truth, [0.5] * len(truth))

    assert (quality.auc, quality.average_precision, quality.recall_at_one_percent) == (None, None, None)
