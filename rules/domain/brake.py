"""When a live rule is stopped by the system: it hits far more than it was expected to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Brake:
    """`factor`: how many times the expected hits are borne. `hits_min`: fewer in an hour never stop a rule."""

    factor: float
    hits_min: int

    def stops(self, hits_last_hour: int, expected_per_day: float | None) -> bool:
        """None: nobody knows what to expect, so nothing is stopped."""
        if expected_per_day is None or hits_last_hour < self.hits_min:
            return False
        return hits_last_hour > self.factor * expected_per_day / 24


def trial_hits_per_day(trial: Sequence[tuple[date, int]], *, began: date, ended: date) -> float | None:
    """The mean of a trial's whole days: those between the day it began on and the one it ended on.

    `trial` has the hits of days that had any. None when there is no whole day.
    """
    days = (ended - began).days - 1
    if days < 1:
        return None
    return sum(hits for day, hits in trial if began < day < ended) / days
