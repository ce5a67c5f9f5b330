"""Why a score is high, by baseline substitution: what the raw score would be with each group of inputs at its median.

One batched call scores each payment, each group substituted as a whole (correlated inputs would split the credit
otherwise) and each input alone (to name the strongest of its group).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from scoring.domain.model_words import Describe
from scoring.domain.scores import SCORE_DECIMALS, Contribution
from scoring.domain.snapshots import Inputs
from sentinel.core.catalogue import Value

REASONS_MAX = 3


class Explainer:
    """What of a model its explanations need, prepared once.

    `raw` scores rows of inputs, whose names are the keys of `group_of` in order, as are `medians`. A fall of the raw
    score below `least` would be noise, and is no reason.
    """

    def __init__(
        self,
        *,
        group_of: Mapping[str, str],
        medians: Sequence[float | None],
        raw: Callable[[Inputs], list[float]],
        describe: Describe,
        least: float,
    ) -> None:
        self._names, self._groups = tuple(group_of), tuple(dict.fromkeys(group_of.values()))
        self._raw, self._describe, self._least = raw, describe, least
        self._medians = np.array([np.nan if each is None else each for each in medians], dtype=np.float32)
        self._members = [
            [place for place, name in enumerate(self._names) if group_of[name] == group] for group in self._groups
        ]
        alone = [[place] for place in range(len(self._names))]
        self._substituted = _masks([[], *self._members, *alone], len(self._names))

    def contributions(self, rows: Inputs, values: Sequence[Mapping[str, Value]]) -> list[list[Contribution]]:
        """The reasons of each payment, the strongest first. `values` are its unpacked snapshot."""
        # (payments, substitutions, inputs): a payment's own row first, then one row a substitution.
        substituted = np.where(self._substituted, self._medians, rows[:, np.newaxis, :])
        scores = self._raw(substituted.reshape(-1, len(self._names)))
        each = len(self._substituted)
        return [self._of_one(of, scores[place * each : (place + 1) * each]) for place, of in enumerate(values)]

    def _of_one(self, values: Mapping[str, Value], scores: Sequence[float]) -> list[Contribution]:
        whole, *without = scores
        falls = [whole - score for score in without]
        of_groups, of_inputs = falls[: len(self._groups)], falls[len(self._groups) :]
        found = []
        for place in sorted(range(len(self._groups)), key=lambda place: -of_groups[place]):
            if of_groups[place] < self._least:
                break
            leader = max(self._members[place], key=lambda each: of_inputs[each])
            described = self._describe(self._names[leader], values, float(self._medians[leader]))
            if described is not None:
                contribution = round(of_groups[place], SCORE_DECIMALS)
                words, value, usual = described
                code = f"model.{self._groups[place]}"
                found.append(Contribution(self._names[leader], code, words, contribution, value, usual))
        return found[:REASONS_MAX]


def _masks(places: Sequence[Sequence[int]], inputs: int) -> npt.NDArray[np.bool_]:
    """One row per list, true at its places."""
    masks = np.zeros((len(places), inputs), dtype=bool)
    for row, chosen in zip(masks, places, strict=True):
        row[list(chosen)] = True
    return masks
