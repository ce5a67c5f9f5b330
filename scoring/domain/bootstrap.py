"""How sure a difference between two models is: the same payments, ranked by both, with cards drawn again and again.

Payments of a card resemble each other, so cards are drawn, not payments; and both models see the same draw, so that
what makes a draw easy cancels out.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

RESAMPLES = 1000
SEED = 20180808
_DRAWS_AT_ONCE = 16  # measured: wider blocks leave the processor's cache
WORST_DIFFERENCE = -1.0


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows sorted by falling score, cut into stretches that each end with a tie in which there is fraud."""

    cards: npt.NDArray[np.intp]  # of each row, up to the last fraud
    starts: npt.NDArray[np.intp]  # the first row of each stretch
    fraud_cards: npt.NDArray[np.intp]  # of each fraud
    fraud_starts: npt.NDArray[np.intp]  # the first fraud of each stretch

    @classmethod
    def of(
        cls, is_fraud: npt.NDArray[np.bool_], scores: npt.NDArray[np.float64], cards: npt.NDArray[np.intp]
    ) -> "Ranking":
        """`cards` are numbered from 0. There is at least one fraud."""
        order = np.argsort(-scores, kind="stable")
        truth = is_fraud[order]
        ends_of_ties = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True)) + 1
        found = np.cumsum(truth)[ends_of_ties - 1]
        has_fraud = np.diff(found, prepend=0) > 0
        ends = ends_of_ties[has_fraud]
        return cls(
            cards=cards[order[: ends[-1]]],
            starts=np.append(0, ends[:-1]),
            fraud_cards=cards[order[truth]],
            fraud_starts=np.append(0, found[has_fraud][:-1]),
        )

    def average_precision(self, weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """For each column of `weights` (a row for each card: how often it was drawn), the average precision of the
        payments repeated so often. Not a number where no card with fraud was drawn.
        """
        gains = np.add.reduceat(weights[self.fraud_cards], self.fraud_starts, axis=0).astype(np.float64)
        reviewed = np.cumsum(np.add.reduceat(weights[self.cards], self.starts, axis=0), axis=0, dtype=np.float64)
        found = np.cumsum(gains, axis=0)
        precision = np.divide(found, reviewed, out=np.zeros_like(found), where=reviewed > 0)
        with np.errstate(invalid="ignore"):
            return np.asarray((gains * precision).sum(axis=0) / found[-1])


def average_precision_differences(
    is_fraud: npt.NDArray[np.bool_],
    champion: npt.NDArray[np.float64],
    challenger: npt.NDArray[np.float64],
    cards: npt.NDArray[Any],
    resamples: int = RESAMPLES,
) -> npt.NDArray[np.float64]:
    """Challenger less champion, for each of `resamples` draws of as many cards as there are, with replacement.

    A draw without any fraud proves nothing, and counts as WORST_DIFFERENCE: fraud on very few cards convinces nobody.
    The same input gives the same answer, whatever the order of its rows.
    """
    names, card_of = np.unique(cards, return_inverse=True)
    rankings = [Ranking.of(is_fraud, scores, card_of) for scores in (champion, challenger)]
    chance = np.random.default_rng(SEED)
    differences = []
    for first in range(0, resamples, _DRAWS_AT_ONCE):
        weights = _draw(chance, len(names), min(_DRAWS_AT_ONCE, resamples - first))
        before, after = (ranking.average_precision(weights) for ranking in rankings)
        differences.append(after - before)
    return np.nan_to_num(np.concatenate(differences), nan=WORST_DIFFERENCE)


def _draw(chance: np.random.Generator, cards: int, draws: int) -> npt.NDArray[np.float32]:
    """How often each card was drawn, a column for each draw. Whole numbers below 2**24 are exact in float32."""
    columns = [np.bincount(chance.integers(cards, size=cards), minlength=cards) for _ in range(draws)]
    return np.stack(columns, axis=1).astype(np.float32)
