"""What came of a replay, counted as the answers arrive."""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any

import numpy as np

from scoring.domain.metrics import RankingQuality
from scoring.replay.results import LOST, Result
from scoring.replay.retraining import Retrained
from scoring.replay.weeks import AnsweredPayments, week_lines

_PERCENTILES = (50, 95, 99)


@dataclass(slots=True)
class Report:
    """`frauds` are those of a label file with the moments they became known, None without one. `labels` counts what
    became of those that were sent.
    """

    frauds: Mapping[str, datetime | None] | None = None
    endings: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    retrained: list[Retrained] = field(default_factory=list)
    replayed: int = 0
    latencies_ms: "array[float]" = field(default_factory=lambda: array("d"))
    answered: AnsweredPayments = field(default_factory=AnsweredPayments)

    def add(self, result: Result) -> None:
        self.endings[result.ending] += 1
        self.replayed += result.replayed
        if result.ending != LOST:
            self.latencies_ms.append(result.latency_ms)
        frauds = self.frauds or {}
        known_at = frauds.get(result.transaction_id)
        self.answered.add(
            result,
            is_fraud=result.transaction_id in frauds,
            known_at=known_at.timestamp() if known_at else inf,
        )

    @property
    def rows(self) -> int:
        return self.endings.total()

    @property
    def lost(self) -> int:
        """Payments and labels of which nobody knows whether they were recorded."""
        return self.endings[LOST] + self.labels[LOST]

    def quality(self) -> RankingQuality | None:
        """Of all scored rows; None without labels."""
        return None if self.frauds is None else self.answered.ranking()

    def lines(self, seconds: float) -> Iterator[str]:
        yield f"{self.rows:,} payments: {_counts(self.endings) or 'none'}; lost {self.endings[LOST]:,}"
        if self.replayed:
            yield f"{self.replayed:,} of them were answered before, with the same receipt"
        if self.latencies_ms:
            times = ", ".join(f"{name} {value:.1f}" for name, value in self._latencies().items())
            yield f"latency in ms: {times}; {self.rows / max(seconds, 1e-9):,.0f} payments a second"
        if self.labels:
            yield f"{self.labels.total():,} labels: {_counts(self.labels)}"
        if (quality := self.quality()) is not None and self.rows:
            yield from _quality_lines(quality, self.rows)
            yield from week_lines(self.answered.weeks())

    def as_dict(self, seconds: float) -> dict[str, Any]:
        quality = self.quality()
        return {
            "payments": self.rows,
            "endings": dict(self.endings),
            "answered_before": self.replayed,
            "seconds": round(seconds, 1),
            "latency_ms": self._latencies() if self.latencies_ms else {},
            "labels": dict(self.labels),
            "ranking": quality.as_dict() if quality else None,
            "weeks": [] if self.frauds is None else [week.as_dict() for week in self.answered.weeks()],
            "retrained": [each.as_dict() for each in self.retrained],
        }

    def _latencies(self) -> dict[str, float]:
        found = np.percentile(self.latencies_ms, _PERCENTILES)
        return {f"p{percent}": float(value) for percent, value in zip(_PERCENTILES, found, strict=True)}


def _counts(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counted.items()))


def _quality_lines(quality: RankingQuality, rows: int) -> Iterator[str]:
    unscored = rows - quality.rows
    yield f"{quality.frauds:,} frauds among {quality.rows:,} scored payments, {unscored:,} without a score"
    if quality.auc is not None:
        yield (
            f"AUC {quality.auc:.3f}, AP {quality.average_precision:.3f}, "
            f"recall at 0.5 % reviewed {quality.recall_at_half_percent:.3f}, "
            f"at 1 % {quality.recall_at_one_percent:.3f}"
        )
