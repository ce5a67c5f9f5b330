"""Why a score is high, by baseline substitution: what the score would be with each group of inputs at its median.

One batched call scores the payment, each group substituted as a whole (correlated inputs would split the credit
otherwise) and each input alone (to name the strongest of its group).
"""

from collections.abc import Callable, Sequence

import numpy as np

from scoring.domain.model_inputs import GROUPS, INPUTS_BY_NAME, Inputs, matrix
from scoring.domain.model_words import describe_input
from scoring.domain.scores import SCORE_DECIMALS, Contribution
from sentinel.core.catalogue import unpack

REASONS_MAX = 3
CONTRIBUTION_MIN = 0.01  # of the raw score's 0..1; below, a reason would be noise


def contributions(
    snapshot: bytes,
    names: Sequence[str],
    medians: Sequence[float],
    anomaly: Callable[[Inputs], list[float]],
) -> list[Contribution]:
    """The strongest reasons first. `anomaly` scores rows of inputs in the order of `names`, as are `medians`."""
    row = matrix([snapshot], names)[0]
    groups = [[place for place, name in enumerate(names) if INPUTS_BY_NAME[name].group == group] for group in GROUPS]
    substituted = [*groups, *([place] for place in range(len(names)))]
    whole, *without = anomaly(_substitute(row, np.asarray(medians, dtype=np.float32), substituted))
    falls = [whole - score for score in without]
    of_groups, of_inputs = falls[: len(GROUPS)], falls[len(GROUPS) :]
    values = unpack(snapshot)
    found = []
    for place in sorted(range(len(GROUPS)), key=lambda place: -of_groups[place]):
        if of_groups[place] < CONTRIBUTION_MIN:
            break
        leader = names[max(groups[place], key=lambda each: of_inputs[each])]
        if (described := describe_input(leader, values)) is not None:
            contribution = round(of_groups[place], SCORE_DECIMALS)
            words, value, usual = described
            found.append(Contribution(leader, f"model.{GROUPS[place]}", words, contribution, value, usual))
    return found[:REASONS_MAX]


def _substitute(row: Inputs, medians: Inputs, substituted: Sequence[Sequence[int]]) -> Inputs:
    """The row itself, then once per list with the inputs at its places set to their medians."""
    rows = np.tile(row, (len(substituted) + 1, 1))
    for number, places in enumerate(substituted, start=1):
        rows[number, places] = medians[list(places)]
    return rows
