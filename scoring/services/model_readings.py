"""What is read of the champion's days, beside the band of each figure; an alarm when a figure leaves its band.

An alarm is raised when it leaves, not again while it stays out. A figure that there is too little to measure of
stays where it was.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction

from rules.services.alarms import alarm_raise
from scoring.domain.drift import Reading
from scoring.domain.watch import Day, readings_of
from scoring.models import ModelReading, ModelVersion
from scoring.selectors.model_bins import bins_of
from scoring.selectors.model_days import days_of_model
from scoring.selectors.models import champion_row
from scoring.services.model_days import matured_until

_NAMED_MAX = 3
# By figure: what has happened, and what to do.
_WORDS = {
    "alert_rate": (
        "alerts more or less often than usual",
        "Look at its latest alerts: payments or fraud have changed, or the policy. Then train a challenger, or move "
        "the threshold.",
    ),
    "calibration": ("gives probabilities that do not come true", "Train a challenger on newer labels."),
    "review_precision": (
        "sends more good payments to reviewers than usual",
        "Look at what they let pass; raise the threshold or train a challenger.",
    ),
    "forest_share": (
        "misses fraud that the forest finds",
        "Fraud has changed in ways it has not learned: train a challenger.",
    ),
    "matured_share": (
        "cannot be judged as well as usual: labels are missing",
        "Look whether files of chargebacks still come and reviews are decided.",
    ),
    "stability": (
        "sees other payments than it was trained on",
        "Look at what changed in the traffic, then train a challenger.",
    ),
    "missing": (
        "is given fewer or more values than in training",
        "Look whether the gateway still sends what these are made of.",
    ),
}


@transaction.atomic
def model_readings_take(*, now: datetime) -> int:
    """Reads the figures of the champion as of its last counted day; how many have left their band just now.

    Locks: the champion's readings, until the database transaction ends.
    """
    model = champion_row()
    days = days_of_model(model) if model else []
    if model is None or not days:
        return 0
    readings = readings_of(
        days, bins_of(model.manifest), matured_until=matured_until(now), is_supervised=model.is_supervised
    )
    known = {each.code: each for each in ModelReading.objects.select_for_update().filter(model=model)}
    left = [each for each in readings if each.has_left and not (known.get(each.code) and known[each.code].out_since)]
    for reading in readings:
        _keep(model, reading, known.get(reading.code), days[-1], now)
    for figure, found in _by_figure(left).items():
        _alarm(model, figure, found, now)
    return len(left)


def _keep(model: ModelVersion, reading: Reading, known: ModelReading | None, last: Day, now: datetime) -> None:
    out_since = known.out_since if known else None
    if reading.value is not None:
        out_since = (out_since or last.day) if reading.has_left else None
    ModelReading.objects.update_or_create(
        model=model,
        code=reading.code,
        defaults={
            "value": reading.value,
            "low": reading.low,
            "high": reading.high,
            "words": reading.words,
            "day": last.day,
            "out_since": out_since,
            "read_at": now,
        },
    )


def _by_figure(readings: Iterable[Reading]) -> Mapping[str, list[Reading]]:
    """One alarm tells of all inputs: what changes in the traffic moves many."""
    found: dict[str, list[Reading]] = {}
    for reading in readings:
        found.setdefault(reading.code.partition(".")[0], []).append(reading)
    return found


def _alarm(model: ModelVersion, figure: str, readings: list[Reading], now: datetime) -> None:
    what, advice = _WORDS[figure]
    told = [_told(reading) for reading in sorted(readings, key=_distance, reverse=True)[:_NAMED_MAX]]
    more = f" {len(readings) - _NAMED_MAX} more have left their band." if len(readings) > _NAMED_MAX else ""
    words = f"{model.version} {what}. {' '.join(told)}{more} {advice}"
    alarm_raise(kind=f"model.{figure}", subject=f"model:{model.version}", words=words, now=now)


def _told(reading: Reading) -> str:
    name = reading.code.partition(".")[2]
    return f"{name}: {reading.words}" if name else reading.words


def _distance(reading: Reading) -> float:
    value = reading.value or 0.0
    return max(reading.low - value, value - reading.high)
