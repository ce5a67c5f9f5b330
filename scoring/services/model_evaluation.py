"""The gate: a model beside the champion on the same later payments, measured and judged, and kept as it was said."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from django.conf import settings

from scoring.domain.dataset import Dataset, Progress
from scoring.domain.gate import GateFacts, ModelFacts, judge
from scoring.domain.gate_rows import GateRows
from scoring.domain.input_digest import input_digest
from scoring.domain.leaks import StrongestInput, strongest_input
from scoring.domain.model_figures import COMPROMISED_SECONDS, curves_of, days_of, figures_of, not_known_compromised
from scoring.models import ModelEvaluation, ModelVersion
from scoring.selectors.known_payments import payments_known
from scoring.selectors.models import champion_row, model_load
from scoring.selectors.policies import policy_read, release_current
from scoring.serving.champion import Champion
from scoring.serving.manifest import Manifest
from scoring.serving.runtime import GROUP_MAX
from sentinel.core.errors import Conflict, NotFound

WINDOW_MAX = timedelta(days=60)
_TIMED_GROUPS = 50
Known = Callable[..., Dataset]  # as `payments_known`


class NothingToMeasure(Conflict):
    """No payment is matured and later than both trainings. Nothing was measured."""

    code = "nothing_to_measure"
    title = "There is nothing to measure the model on yet"


def model_evaluate(
    *,
    version: str,
    actor: str,
    now: datetime,
    known: Known | None = None,
    is_replay: bool = False,
    on_progress: Progress = lambda rows: None,
) -> ModelEvaluation:
    """Measures a model beside its family's champion, up to what is known at `now`, and keeps what the gate says.

    `known` gives payments out of somewhere else than the record, which has those of cards alone. With `is_replay`
    only the gateways' clock counts. Errors: NotFound, NothingToMeasure, ArtefactError.
    """
    row = ModelVersion.objects.filter(version=version).first()
    if row is None:
        raise NotFound(f"There is no model {version}.")
    if known is None and not row.is_recorded:
        raise NothingToMeasure(f"Payments that {version} reads are not recorded: it is measured on a file.")
    beside = champion_row(row.family)
    if beside is None or beside == row:
        raise NothingToMeasure("There is no other champion to measure it beside.")
    champion, challenger = model_load(beside), model_load(row)
    rows = _later_payments(
        champion, challenger, now, known=known or payments_known, is_replay=is_replay, on_progress=on_progress
    )
    verdict = judge(_gate_rows(rows, champion, challenger), _facts(rows, champion, challenger, now))
    return ModelEvaluation.objects.create(
        model=row,
        champion=beside,
        first_at=_moment(rows.occurred_at[0]),
        until=_moment(rows.occurred_at[-1]),
        payments=len(rows),
        frauds=int(rows.is_fraud.sum()),
        passed=verdict.passed,
        needs_approval=verdict.needs_approval,
        proposed_threshold=verdict.proposed_threshold,
        lines=[asdict(line) for line in verdict.lines],
        figures={each.version: _figures(rows, each) for each in (champion, challenger)},
        evaluated_by=actor,
        evaluated_at=now,
    )


def _later_payments(
    champion: Champion, challenger: Champion, now: datetime, *, known: Known, is_replay: bool, on_progress: Progress
) -> Dataset:
    """Matured by `now`, later than both trainings, of accounts that were not known to be compromised."""
    trained_until = max(trained_until_of(each.manifest) for each in (champion, challenger))
    end = now - timedelta(days=settings.LABEL_MATURITY_DAYS)
    start = max(trained_until + timedelta(microseconds=1), end - WINDOW_MAX)
    if start >= end:
        words = f"Payments have to be later than all training, which ended {trained_until:%Y-%m-%d %H:%M}, and older"
        days = settings.LABEL_MATURITY_DAYS
        raise NothingToMeasure(f"{words} than {days} days. Wait, or train on earlier payments.")
    reach = timedelta(seconds=COMPROMISED_SECONDS, days=settings.LABEL_MATURITY_DAYS)
    found = known(start=start - reach, end=end, known_at=now, is_replay=is_replay, on_progress=on_progress)
    rows = not_known_compromised(found, since=start.timestamp())
    if not len(rows):
        raise NothingToMeasure(f"No payment since {start:%Y-%m-%d %H:%M} is known to be fraud or legitimate.")
    return rows


def trained_until_of(manifest: Manifest) -> datetime:
    return max(datetime.fromisoformat(part.training.end) for part in manifest.parts.values())


def _gate_rows(rows: Dataset, champion: Champion, challenger: Champion) -> GateRows:
    return GateRows(
        is_fraud=rows.is_fraud,
        card=rows.accounts,
        day=days_of(rows),
        champion=champion.deciding_scores(rows.columns),
        challenger=challenger.deciding_scores(rows.columns),
        segments=champion.family.segments(rows.columns),
    )


def _facts(rows: Dataset, champion: Champion, challenger: Champion, now: datetime) -> GateFacts:
    manifest = challenger.manifest
    classifier, family = manifest.classifier, challenger.family
    return GateFacts(
        champion=_model_facts(champion.manifest),
        challenger=_model_facts(manifest),
        served_inputs_sha256=input_digest(manifest.forest.inputs, classifier.inputs if classifier else [], family),
        window_start=_moment(rows.occurred_at[0]),
        window_end=_moment(rows.occurred_at[-1]),
        measured_at=now,
        maturity_days=settings.LABEL_MATURITY_DAYS,
        alert_threshold=_alert_threshold(champion, now),
        parity_difference=max(part.parity for part in manifest.parts.values()),
        parity_rows=min(part.parity_rows for part in manifest.parts.values()),
        latency_us=_latency_us(challenger, rows),
        strongest_input=_strongest_input(challenger, rows),
    )


def _model_facts(manifest: Manifest) -> ModelFacts:
    """Labels were read when the measured time began: later ones were not learned from."""
    classifier = manifest.classifier
    return ModelFacts(
        version=manifest.version,
        is_supervised=classifier is not None,
        trained_until=datetime.fromisoformat((classifier or manifest.forest).training.end),
        labels_until=datetime.fromisoformat(manifest.measured.start),
        trained_frauds=(classifier.training.frauds or 0) if classifier else 0,
        inputs_sha256=manifest.inputs_sha256,
    )


def _alert_threshold(champion: Champion, now: datetime) -> float:
    """The live policy's, on the champion's score; above every score when it has none."""
    policy = policy_read(release_current(now).live)
    threshold = policy.review_probability if champion.classifier else policy.review_percentile
    return 1.0001 if threshold is None else threshold


def _latency_us(model: Champion, rows: Dataset) -> float:
    """The median time of one payment in a group, this process being otherwise idle."""
    snapshots = [row.tobytes() for row in rows.columns[:GROUP_MAX]]
    took: list[float] = []
    for _ in range(_TIMED_GROUPS):
        started = time.perf_counter()
        model.score(snapshots)
        took.append((time.perf_counter() - started) / len(snapshots) * 1e6)
    return median(took)


def _strongest_input(model: Champion, rows: Dataset) -> StrongestInput:
    """Of the classifier's inputs; a forest saw no label that could leak."""
    if model.classifier is None or not rows.is_fraud.any():
        return StrongestInput("none", 0.0)
    inputs = model.classifier.inputs.of(rows.columns)
    names: Sequence[str] = model.classifier.inputs.names
    return strongest_input(rows.is_fraud, {name: inputs[:, place] for place, name in enumerate(names)})


def _figures(rows: Dataset, model: Champion) -> dict[str, Any]:
    scores = model.deciding_scores(rows.columns)
    is_probability = model.classifier is not None
    return {**figures_of(rows, scores, is_probability=is_probability), "curves": curves_of(rows, scores)}


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def verdict_lines(evaluation: ModelEvaluation) -> list[str]:
    """For a terminal: each line with whether it passed."""
    marks = {True: "passed ", False: "REFUSED"}
    return [f"{marks[line['passed']]} {line['code']}: {line['words']}" for line in evaluation.lines]
