"""What the tallies of a rule say of it: its precision, and the marks that ask for a look."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Mark(StrEnum):
    FAILING = "failing"
    OVER_BUDGET = "over budget"
    NOISY = "noisy"
    DUPLICATE = "duplicate"
    DEAD = "dead"

    @property
    def words(self) -> str:
        """What it means and what to do, for whoever points at it."""
        return _WORDS[self]


_WORDS = {
    Mark.FAILING: "It could not be evaluated for some payments of the last day. Open it to see why.",
    Mark.OVER_BUDGET: "It takes longer than a rule may. Simplify it.",
    Mark.NOISY: "Few of its hits were fraud. Narrow it, or retire it.",
    Mark.DUPLICATE: "It hits nearly the same payments as another rule. Retire one of the two.",
    Mark.DEAD: "It has been live for long and has not hit once. Check what it looks for, or retire it.",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on a mark is set."""

    dead_days: int
    noisy_precision: float
    budget_us: int
    judged_min: int = 20  # fewer labelled hits say nothing of precision
    overlap_min: float = 0.95
    overlap_hits_min: int = 20
    samples_min: int = 100  # fewer samples say nothing of cost


@dataclass(frozen=True, slots=True)
class Judged:
    """Hits by what became known of them. Declined hits without a label are in none: nobody knows."""

    fraud: int = 0
    legitimate: int = 0
    presumed: int = 0

    @property
    def total(self) -> int:
        return self.fraud + self.legitimate + self.presumed

    @property
    def precision(self) -> float | None:
        return self.fraud / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Fare:
    """How one version has fared of late. `live_since` is None unless it is live."""

    judged: Judged = Judged()
    tightens: bool = True
    live_since: datetime | None = None
    last_hit_at: datetime | None = None
    last_failed_at: datetime | None = None
    cost_us: float | None = None
    cost_samples: int = 0
    has_duplicate: bool = False


def marks_of(fare: Fare, limits: Limits, now: datetime) -> list[Mark]:
    tests = {
        Mark.FAILING: fare.last_failed_at is not None and fare.last_failed_at > now - timedelta(days=1),
        Mark.OVER_BUDGET: is_over_budget(fare.cost_us, fare.cost_samples, limits),
        Mark.NOISY: _is_noisy(fare, limits),
        Mark.DUPLICATE: fare.has_duplicate,
        Mark.DEAD: _is_dead(fare, limits, now),
    }
    return [mark for mark, is_set in tests.items() if is_set]


def is_over_budget(cost_us: float | None, samples: int, limits: Limits) -> bool:
    return cost_us is not None and samples >= limits.samples_min and cost_us > limits.budget_us


def _is_noisy(fare: Fare, limits: Limits) -> bool:
    """A rule that allows is not there to catch fraud."""
    precision = fare.judged.precision
    if not fare.tightens or precision is None or fare.judged.total < limits.judged_min:
        return False
    return precision < limits.noisy_precision


def _is_dead(fare: Fare, limits: Limits, now: datetime) -> bool:
    long_ago = now - timedelta(days=limits.dead_days)
    if fare.live_since is None or fare.live_since > long_ago:
        return False
    return fare.last_hit_at is None or fare.last_hit_at < long_ago


def is_duplicate(hits: int, other_hits: int, together: int, limits: Limits) -> bool:
    """Whether two rules hit nearly the same payments, seen from either side."""
    larger = max(hits, other_hits)
    return min(hits, other_hits) >= limits.overlap_hits_min and together >= limits.overlap_min * larger


def last_days(until: date, days: int) -> list[date]:
    """The oldest first, `until` included."""
    return [until - timedelta(days=back) for back in reversed(range(days))]
