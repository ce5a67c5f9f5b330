"""How a model fares, out of what was counted of its days: each figure of `scoring.domain.drift` with its band."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from scoring.domain.drift import (
    AlertDay,
    AlertSums,
    Reading,
    Share,
    alert_calibration,
    alert_rate,
    forest_share,
    matured_share,
    missing_share,
    review_precision,
    stability,
)
from scoring.domain.stability import Bins, Counts

CALIBRATION_BINS = 10  # of the probability, equally wide
SPREAD_DAYS = 7  # whole weeks: payments of a Sunday are no drift
RECENT_DAYS, USUAL_DAYS = 28, 84  # of matured days
SCORES = ("score_percentile", "fraud_probability")

Bin = list[float]  # of alerts that matured: how many, sums of p and of p x (1 - p), how many were fraud


@dataclass(frozen=True, slots=True)
class DayCounts:
    """Of the payments that a model scored on a day; each is described at scoring.models.ModelDay."""

    payments: int = 0
    alerts: int = 0
    forest_alerts: int = 0
    reviewed: int = 0
    reviewed_frauds: int = 0
    due: int = 0
    matured: int = 0
    frauds: int = 0
    alert_frauds: int = 0
    forest_frauds: int = 0
    calibration: list[Bin] = field(default_factory=lambda: [[0, 0.0, 0.0, 0] for _ in range(CALIBRATION_BINS)])


@dataclass(frozen=True, slots=True)
class Day:
    """`spreads`: by input and score, the counts of its bins."""

    day: date
    counts: DayCounts
    spreads: Mapping[str, list[int]]


def readings_of(
    days: Sequence[Day], bins: Mapping[str, Bins], *, matured_until: date, is_supervised: bool
) -> list[Reading]:
    """As of the last of the days, which are in time order. Labels tell of the days up to `matured_until`."""
    if not days:
        return []
    *earlier, today = (AlertDay(day.counts.payments, day.counts.alerts) for day in days)
    return [
        alert_rate(earlier, today),
        *_by_labels([day for day in days if day.day <= matured_until], matured_until, is_supervised=is_supervised),
        *_by_spreads(days, bins),
    ]


def spread_sums(days: Iterable[Day], name: str, bins: Bins) -> Counts:
    """Of all the days together; nothing of days that were counted by other bins."""
    sums = np.zeros(len(bins.shares) + 1, dtype=np.int64)
    for day in days:
        counts = day.spreads.get(name, [])
        if len(counts) == len(sums):
            sums += np.array(counts, dtype=np.int64)
    return sums


def last_days(days: Sequence[Day], count: int) -> list[Day]:
    """Those within so many days of the last one, which is among them."""
    return [day for day in days if day.day > days[-1].day - timedelta(days=count)]


def calibration_sums(days: Iterable[Day]) -> list[Bin]:
    sums = np.zeros((CALIBRATION_BINS, 4))
    for day in days:
        sums += np.array(day.counts.calibration)
    return [list(each) for each in sums.tolist()]


def _by_labels(days: Sequence[Day], matured_until: date, *, is_supervised: bool) -> Iterator[Reading]:
    """A forest alone gives no probabilities, and all it finds it finds alone."""
    recent = [day for day in days if day.day > matured_until - timedelta(days=RECENT_DAYS)]
    before = [day for day in days if day not in recent and day.day > matured_until - timedelta(days=USUAL_DAYS)]
    if is_supervised:
        yield alert_calibration(_alert_sums(recent))
        yield _beside_usual(forest_share, recent, before, "forest_frauds", "alert_frauds")
    yield _beside_usual(review_precision, recent, before, "reviewed_frauds", "reviewed")
    yield _beside_usual(matured_share, recent, before, "matured", "due")


def _alert_sums(days: Iterable[Day]) -> AlertSums:
    alerts, probability_sum, variance_sum, frauds = (sum(each) for each in zip(*calibration_sums(days), strict=True))
    return AlertSums(int(alerts), probability_sum, variance_sum, int(frauds))


def _beside_usual(
    read: Callable[[Share, float], Reading], recent: Iterable[Day], before: Iterable[Day], part: str, whole: str
) -> Reading:
    """Without a past of its own a model has nothing that is usual, so nothing is measured."""
    usual = _share(before, part, whole)
    return read(_share(recent, part, whole), usual.value) if usual.whole else read(Share(0, 0), 0.5)


def _share(days: Iterable[Day], part: str, whole: str) -> Share:
    found = [(getattr(day.counts, part), getattr(day.counts, whole)) for day in days]
    return Share(sum(each for each, _ in found), sum(each for _, each in found))


def _by_spreads(days: Sequence[Day], bins: Mapping[str, Bins]) -> Iterator[Reading]:
    recent = last_days(days, SPREAD_DAYS)
    for name, training in bins.items():
        counts = spread_sums(recent, name, training)
        yield stability(name, training, counts)
        if name not in SCORES:
            yield missing_share(name, training, counts)
