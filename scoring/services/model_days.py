"""Counting what models scored and alerted: each complete day (UTC) once it is settled, and anew when labels come.

A payment belongs to the day it occurred on, so a past that is replayed has its days. The record is read on from where
the last run ended, by the moment in the payments' ids; a day of which more payments are found is counted anew. A day
is counted as a whole, so a run may be repeated, and two at once wait for each other.
"""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import connection, transaction

from ledger.models import Decision, Label, RecordMark
from ledger.selectors.settled import LONGEST_WRITE, settled_until
from rules.domain.simulation import Span
from rules.simulation.reading import read_recorded
from scoring.domain.classifier_inputs import ClassifierInputs
from scoring.domain.forest_inputs import forest_inputs
from scoring.domain.snapshots import Columns
from scoring.domain.stability import Counts
from scoring.domain.watch import SCORES
from scoring.models import ModelDay, ModelVersion, ScoredDay
from scoring.selectors.known_payments import MODEL_FIELDS, columns_of_chunk
from scoring.selectors.model_alerts import Payments, alerts_count, deciders
from scoring.selectors.model_bins import bins_of
from sentinel.core.ids import first_uuid7_at

REACH_DAYS = 60  # how far the first run goes back
_DAYS, _LABELS, _MATURED = "model-days", "model-labels", "model-matured"
_DAY = timedelta(days=1)
_FIND = """
SELECT (occurred_at AT TIME ZONE 'UTC')::date, min(id::text)::uuid, max(id::text)::uuid FROM ledger_transaction
WHERE id >= %s AND id < %s AND livemode GROUP BY 1 ORDER BY 1
"""


def model_days_count(*, now: datetime) -> int:
    """Counts the complete days that are new or have more payments than before; how many."""
    until = settled_until(now)
    while _find_next(until):
        pass
    due = ScoredDay.objects.filter(is_counted=False, day__lt=until.date()).values_list("day", flat=True)
    return sum(_count_found(day, now) for day in list(due))


def model_days_judge(*, now: datetime) -> int:
    """Counts the days anew that new labels touch, and those that matured since; how many."""
    labelled = _days_labelled(_mark(_LABELS, now - REACH_DAYS * _DAY) - LONGEST_WRITE)
    matured_from = _mark(_MATURED, now - (settings.LABEL_MATURITY_DAYS + REACH_DAYS) * _DAY).date()
    last = matured_until(now)
    matured = {matured_from + each * _DAY for each in range((last - matured_from).days + 1)}
    days = list(ScoredDay.objects.filter(is_counted=True, day__in=labelled | matured))
    for scored in days:
        _count_day(scored, now)
    _mark_move(_LABELS, now)
    _mark_move(_MATURED, _midnight(last + _DAY))
    return len(days)


def matured_until(now: datetime) -> date:
    """The last day whose payments are all old enough for their truth to be known."""
    return now.date() - timedelta(days=settings.LABEL_MATURITY_DAYS + 1)


@transaction.atomic
def _find_next(until: datetime) -> bool:
    """Finds the days of the payments recorded next; whether there was anything left to read.

    Locks: the mark; whoever reads at the same time goes on from there.
    """
    mark = _mark_locked(until)
    end = min(until, mark.read_until + _DAY)
    if end <= mark.read_until:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [_id_at(mark.read_until), _id_at(end)])
        for day, first_id, last_id in cursor.fetchall():
            _widen(day, first_id, last_id)
    mark.read_until = end
    mark.save()
    return True


def _widen(day: date, first_id: UUID, last_id: UUID) -> None:
    known = ScoredDay.objects.select_for_update().filter(day=day).first()
    scored = known or ScoredDay(day=day, first_id=first_id, last_id=last_id)
    scored.first_id, scored.last_id = min(scored.first_id, first_id), max(scored.last_id, last_id)
    scored.is_counted = False
    scored.save()


@transaction.atomic
def _count_found(day: date, now: datetime) -> bool:
    """Whether nobody else did. Locks: the day."""
    scored = ScoredDay.objects.select_for_update().filter(day=day, is_counted=False).first()
    if scored is None:
        return False
    _count_day(scored, now)
    _spread_day(scored)
    scored.is_counted = True
    scored.save(update_fields=["is_counted"])
    return True


@transaction.atomic
def _count_day(scored: ScoredDay, now: datetime) -> None:
    for model_id, counts in sorted(alerts_count(Payments.of_day(scored), now).items()):
        ModelDay.objects.update_or_create(model_id=model_id, day=scored.day, defaults=asdict(counts))


def _spread_day(scored: ScoredDay) -> None:
    """How the day's inputs and scores spread over the bins of the model that decided it, when there was one."""
    payments = Payments.of_day(scored)
    found = deciders(payments)
    days = ModelDay.objects.filter(day=scored.day)
    days.update(spreads={})
    if len(found) == 1:
        model = ModelVersion.objects.get(pk=found.pop())
        spreads = {name: counts.tolist() for name, counts in _spreads(model, payments).items()}
        days.filter(model=model).update(spreads=spreads)


def _spreads(model: ModelVersion, payments: Payments) -> dict[str, Counts]:
    bins, sums = bins_of(model.manifest), dict[str, Counts]()
    span = Span(payments.start, payments.end, payments.end)
    for read in read_recorded(MODEL_FIELDS | {*SCORES}, span, payments.first, payments.until):
        numbers = read.chunk.columns.numbers
        scored = ~np.isnan(numbers["score_percentile"])
        values = _inputs_of(model, columns_of_chunk(read.chunk, scored))
        values |= {name: numbers[name][scored] for name in SCORES}
        for name, training in bins.items():
            counts = training.counts(values[name])
            sums[name] = sums[name] + counts if name in sums else counts
    return sums


def _inputs_of(model: ModelVersion, columns: Columns) -> dict[str, npt.NDArray[Any]]:
    forest, classifier = model.manifest["forest"], model.manifest.get("classifier")
    found = dict(zip(forest["inputs"], forest_inputs(columns, forest["inputs"]).T, strict=True))
    if classifier:
        names = classifier["inputs"]
        found |= zip(names, ClassifierInputs(names, classifier["units_minor"]).of(columns).T, strict=True)
    return found


def _days_labelled(since: datetime) -> set[date]:
    """Of the payments that labels were recorded of since."""
    labelled = Label.objects.filter(pk__gte=_id_at(since)).order_by()
    moments = labelled.values_list("transaction__occurred_at", flat=True)
    return {each.date() for each in moments.iterator(chunk_size=10_000)}


def _mark_locked(until: datetime) -> RecordMark:
    marks = RecordMark.objects.filter(name=_DAYS)
    if not marks.exists():
        first = RecordMark(name=_DAYS, read_until=_first_recorded(until))
        RecordMark.objects.bulk_create([first], ignore_conflicts=True)
    return marks.select_for_update().get()


def _first_recorded(until: datetime) -> datetime:
    """When the first decision within reach was recorded."""
    reach = _id_at(until - REACH_DAYS * _DAY)
    first = Decision.objects.filter(pk__gte=reach).order_by("pk").values_list("pk", flat=True).first()
    return min(datetime.fromtimestamp((first.int >> 80) / 1000, UTC), until) if first else until


def _mark(name: str, default: datetime) -> datetime:
    return RecordMark.objects.filter(name=name).values_list("read_until", flat=True).first() or default


def _mark_move(name: str, moment: datetime) -> None:
    RecordMark.objects.update_or_create(name=name, defaults={"read_until": moment})


def _id_at(moment: datetime) -> UUID:
    return first_uuid7_at(int(moment.timestamp() * 1000))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
