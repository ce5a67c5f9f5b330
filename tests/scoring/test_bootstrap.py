"""Two models over the same draws of cards: what must hold for any scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scoring.domain.bootstrap import WORST_DIFFERENCE, Ranking, average_precision_differences
from scoring.domain.metrics import average_precision

ROWS, CARDS = 40, 6
truths = arrays(bool, ROWS).filter(np.any)
scores = arrays(np.int8, ROWS, elements=st.integers(0, 12)).map(lambda each: each / 12)  # with many ties
cards = arrays(np.intp, ROWS, elements=st.integers(0, CARDS - 1))


@given(truths, scores, cards)
def test_every_card_once_is_the_average_precision(truth, given_scores, card_of):
    ones = np.ones((CARDS, 1), dtype=np.float32)

    (weighted,) = Ranking.of(truth, given_scores, card_of).average_precision(ones)

    assert np.isclose(weighted, average_precision(truth, given_scores), rtol=0, atol=1e-12)


@given(truths, scores, cards, arrays(np.float32, (CARDS, 3), elements=st.integers(0, 4)))
def test_weights_are_the_average_precision_of_payments_repeated_so_often(truth, given_scores, card_of, weights):
    weighted = Ranking.of(truth, given_scores, card_of).average_precision(weights)

    for column, found in zip(weights.T, weighted, strict=True):
        times = column[card_of].astype(int)
        if not times[truth].any():
            assert np.isnan(found)
            continue
        repeated = average_precision(np.repeat(truth, times), np.repeat(given_scores, times))
        assert np.isclose(found, repeated, rtol=0, atol=1e-12)


@given(truths, scores, cards)
def test_models_that_rank_alike_do_not_differ_at_all(truth, given_scores, card_of):
    stretched = given_scores**3 / 2

    found = average_precision_differences(truth, given_scores, stretched, card_of, 50)

    assert set(found) <= {0.0, WORST_DIFFERENCE}
    assert (found == 0).any()


@given(truths, scores, cards, st.floats(0.001, 0.5))
def test_whoever_only_raises_fraud_never_loses(truth, champion, card_of, lift):
    found = average_precision_differences(truth, champion, champion + lift * truth, card_of, 50)

    assert (found[found != WORST_DIFFERENCE] >= -1e-12).all()


@given(truths, scores, scores, cards, st.permutations(range(ROWS)))
def test_the_order_of_rows_says_nothing(truth, champion, challenger, card_of, order):
    found = average_precision_differences(truth, champion, challenger, card_of, 20)
    shuffled = average_precision_differences(truth[order], champion[order], challenger[order], card_of[order], 20)

    assert (found == shuffled).all()


def test_a_draw_without_fraud_counts_as_the_worst():
    truth, card_of = np.array([True, False]), np.array(["one", "other"])

    found = average_precision_differences(truth, np.array([0.5, 0.5]), np.array([0.9, 0.1]), card_of)

    # Of two cards a quarter of the draws has only the honest one, a quarter only the other, where nothing differs.
    assert 0.2 < (found == WORST_DIFFERENCE).mean() < 0.3
    assert 0.2 < (found == 0).mean() < 0.3
    assert 0.45 < (found == 0.5).mean() < 0.55


def test_the_interval_is_that_of_drawing_cards_and_scoring_each_draw_anew():
    chance = np.random.default_rng(2)
    truth = chance.random(3000) < 0.05
    champion, challenger = (truth * 0.5 + chance.random(3000) for _ in range(2))
    card_of = chance.integers(100, size=3000)
    rows_of = [np.flatnonzero(card_of == card) for card in range(100)]

    def difference_of_a_draw() -> float:
        rows = np.concatenate([rows_of[card] for card in chance.integers(100, size=100)])
        return average_precision(truth[rows], challenger[rows]) - average_precision(truth[rows], champion[rows])

    plain = [difference_of_a_draw() for _ in range(1000)]
    found = average_precision_differences(truth, champion, challenger, card_of)

    assert np.allclose(np.quantile(found, (0.025, 0.5, 0.975)), np.quantile(plain, (0.025, 0.5, 0.975)), atol=0.01)
