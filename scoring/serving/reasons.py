"""Why a score is high, by baseline substitution: what the score would be with each group of inputs at its median.

One batched call scores each payment, each group substituted as a whole (correlated inputs would split the credit
otherwise) and each input alone (to name the strongest of its group).
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from scoring.domain.model_inputs import GROUPS, INPUTS_BY_NAME, Inputs, matrix
from scoring.domain.model_words import describe_input
from scoring.domain.scores import SCORE_DECIMALS, Contribution
from sentinel.core.catalogue import unpack

REASONS_MAX = 3
CONTRIBUTION_MIN = 0.01  # of the raw score's 0..1; below, a reason would be noise


class Explainer:
    """What of a model its explanations need, prepared once.

    `anomaly` scores rows of inputs in the order of `names`, as are `medians`.
    """

    def __init__(
        self, names: Sequence[str], medians: Sequence[float], anomaly: Callable[[Inputs], list[float]]
    ) -> None:
        self._names, self._anomaly = names, anomaly
        self._medians = np.asarray(medians, dtype=np.float32)
        self._groups = [
            [place for place, name in enumerate(names) if INPUTS_BY_NAME[name].group == group] for group in GROUPS
        ]
        self._substituted = _masks([[], *self._groups, *([place] for place in range(len(names)))], len(names))

    def contributions(self, snapshots: Sequence[bytes]) -> list[list[Contribution]]:
        """The reasons of each payment, the strongest first."""
        rows = matrix(snapshots, self._names)
        # (payments, substitutions, inputs): a payment's own row first, then one row a substitution.
        substituted = np.where(self._substituted, self._medians, rows[:, np.newaxis, :])
        scores = self._anomaly(substituted.reshape(-1, len(self._names)))
        each = len(self._substituted)
        return [
            self._of_one(snapshot, scores[place * each : (place + 1) * each])
            for place, snapshot in enumerate(snapshots)
        ]

    def _of_one(self, snapshot: bytes, scores: Sequence[float]) -> list[Contribution]:
        whole, *without = scores
        falls = [whole - score for score in without]
        of_groups, of_inputs = falls[: len(GROUPS)], falls[len(GROUPS) :]
        values = unpack(snapshot)
        found = []
        for place in sorted(range(len(GROUPS)), key=lambda place: -of_groups[place]):
            if of_groups[place] < CONTRIBUTION_MIN:
                break
            leader = self._names[max(self._groups[place], key=lambda each: of_inputs[each])]
            if (described := describe_input(leader, values)) is not None:
                contribution = round(of_groups[place], SCORE_DECIMALS)
                words, value, usual = described
                found.append(Contribution(leader, f"model.{GROUPS[place]}", words, contribution, value, usual))
        return found[:REASONS_MAX]


def _masks(places: Sequence[Sequence[int]], inputs: int) -> npt.NDArray[np.bool_]:
    """One row per list, true at its places."""
    masks = np.zeros((len(places), inputs), dtype=bool)
    for row, chosen in zip(masks, places, strict=True):
        row[list(chosen)] = True
    return masks
