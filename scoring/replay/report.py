"""What came of a replay, counted as the answers arrive."""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from scoring.domain.metrics import RankingQuality, ranking_quality


@dataclass(frozen=True, slots=True)
class Result:
    """One row's end. `ending` is the outcome, "refused: <code>" or "lost"; `latency_ms` of the last attempt."""

    place: int  # of the row in the file
    transaction_id: str
    ending: str
    latency_ms: float
    score: float | None = None
    replayed: bool = False


LOST = "lost"
_PERCENTILES = (50, 95, 99)


@dataclass(slots=True)
class Report:
    """`frauds` are the ids a label file calls fraud, None without one."""

    frauds: frozenset[str] | None = None
    endings: Counter[str] = field(default_factory=Counter)
    replayed: int = 0
    latencies_ms: "array[float]" = field(default_factory=lambda: array("d"))
    places: "array[int]" = field(default_factory=lambda: array("q"))
    scores: "array[float]" = field(default_factory=lambda: array("d"))
    truths: "array[int]" = field(default_factory=lambda: array("b"))

    def add(self, result: Result) -> None:
        self.endings[result.ending] += 1
        self.replayed += result.replayed
        if result.ending != LOST:
            self.latencies_ms.append(result.latency_ms)
        if result.score is not None:
            self.places.append(result.place)
            self.scores.append(result.score)
            self.truths.append(self.frauds is not None and result.transaction_id in self.frauds)

    @property
    def rows(self) -> int:
        return self.endings.total()

    @property
    def lost(self) -> int:
        return self.endings[LOST]

    def quality(self) -> RankingQuality | None:
        """Of the scored rows in the order of the file; None without labels."""
        if self.frauds is None:
            return None
        in_file_order = np.argsort(np.asarray(self.places), kind="stable")
        return ranking_quality(np.asarray(self.truths)[in_file_order], np.asarray(self.scores)[in_file_order])

    def lines(self, seconds: float) -> Iterator[str]:
        endings = ", ".join(f"{ending} {count:,}" for ending, count in sorted(self.endings.items()))
        yield f"{self.rows:,} payments: {endings or 'none'}; lost {self.lost:,}"
        if self.replayed:
            yield f"{self.replayed:,} of them were answered before, with the same receipt"
        if self.latencies_ms:
            found = np.percentile(self.latencies_ms, _PERCENTILES)
            times = ", ".join(f"p{percent} {value:.1f}" for percent, value in zip(_PERCENTILES, found, strict=True))
            yield f"latency in ms: {times}; {self.rows / max(seconds, 1e-9):,.0f} payments a second"
        if (quality := self.quality()) is not None:
            yield from _quality_lines(quality, self.rows)


def _quality_lines(quality: RankingQuality, rows: int) -> Iterator[str]:
    unscored = rows - quality.rows
    yield f"{quality.frauds:,} frauds among {quality.rows:,} scored payments, {unscored:,} without a score"
    if quality.auc is not None:
        yield (
            f"AUC {quality.auc:.3f}, AP {quality.average_precision:.3f}, "
            f"recall at 0.5 % reviewed {quality.recall_at_half_percent:.3f}, "
            f"at 1 % {quality.recall_at_one_percent:.3f}"
        )
