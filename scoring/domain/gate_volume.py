"""How many payments a model would send to people: at the live threshold, or at one that keeps their number."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scoring.domain.gate_rows import GateRows
from scoring.domain.scores import SCORE_DECIMALS

VOLUME_CHANGE_MAX = 0.20


@dataclass(frozen=True, slots=True)
class Volume:
    """`proposed` is the threshold that must come with the promotion; None when the live one will do, or none can."""

    words: str
    passed: bool
    proposed: float | None


def volume_of(rows: GateRows, threshold: float, *, is_same_scale: bool) -> Volume:
    """Scores are rounded as live ones are. A model of another kind always needs a threshold of its own."""
    wanted = int((np.round(rows.champion, SCORE_DECIMALS) >= threshold).sum())
    scores = np.round(rows.challenger, SCORE_DECIMALS)
    at_live = int((scores >= threshold).sum())
    limit = f"at most {VOLUME_CHANGE_MAX:.0%} more or fewer"
    if is_same_scale and _keeps(wanted, at_live):
        return Volume(f"{wanted} alerts to {at_live} at the live threshold {threshold}; {limit}.", True, None)
    proposed, alerts = _nearest(scores, wanted)
    words = "The champion's threshold is on another scale" if not is_same_scale else f"{wanted} alerts to {at_live}"
    if not _keeps(wanted, alerts):
        words += f"; no threshold keeps the {wanted} alerts, the nearest gives {alerts}; {limit}."
        return Volume(words, False, None)
    words += f"; the threshold {proposed} gives {alerts} in the place of {wanted}, and must be published with it."
    return Volume(words, True, proposed)


def _keeps(wanted: int, alerts: int) -> bool:
    return abs(alerts - wanted) <= VOLUME_CHANGE_MAX * wanted


def _nearest(scores: npt.NDArray[np.float64], wanted: int) -> tuple[float, int]:
    """The score that, as a threshold, alerts as nearly on `wanted` payments as any; and how many it alerts on."""
    values, counts = np.unique(scores, return_counts=True)
    alerts = np.cumsum(counts[::-1])[::-1]
    nearest = int(np.abs(alerts - wanted).argmin())
    return round(float(values[nearest]), SCORE_DECIMALS), int(alerts[nearest])
