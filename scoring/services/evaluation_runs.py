"""Evaluations that people ask for: a row each, claimed by one worker, finished with what was measured or why not.

Reading 60 days of payments takes minutes, so no page waits for it. A run that has lost its worker is given up as soon
as somebody asks again.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F

from ledger.services.audit import audit_record
from scoring.models import EvaluationRun, ModelEvaluation, ModelVersion
from scoring.models.registry import EVALUATION_SILENCE_MAX
from scoring.selectors.models import champion_row
from sentinel.core.errors import Conflict, SentinelError

LOST = "Its worker was lost before it had finished. Evaluate it again."
UNREACHABLE = "The worker could not be reached, so nothing was measured. Try again, or tell an operator."
_BROKEN = "It failed unexpectedly; the worker's log says why. Tell an operator."
_State = EvaluationRun.State
_logger = logging.getLogger(__name__)


class EvaluationUnderWay(Conflict):
    """The model is being evaluated. Nothing was begun."""

    code = "evaluation_under_way"
    title = "This model is being evaluated already"


class NothingBeside(Conflict):
    """There is no other champion. Nothing was begun."""

    code = "nothing_beside"
    title = "There is no other champion to evaluate the model beside"


@transaction.atomic
def evaluation_ask(*, actor: str, model: ModelVersion, now: datetime) -> EvaluationRun:
    """A run for a worker to claim. Errors: NothingBeside, EvaluationUnderWay."""
    if not model.is_recorded:
        raise NothingBeside(f"Payments that {model.version} reads are not recorded: use evaluate_model with a file.")
    if champion_row() in (None, model):
        raise NothingBeside(f"There is no other champion to measure {model.version} beside.")
    _give_up_lost(model, now)
    try:
        with transaction.atomic():
            run = EvaluationRun.objects.create(model=model, asked_by=actor, asked_at=now, heard_at=now)
    except IntegrityError:
        raise EvaluationUnderWay(f"An evaluation of {model.version} is under way. Wait for it to finish.") from None
    audit_record(actor=actor, action="model.asked_to_evaluate", subject=f"model {model.version}", details={}, now=now)
    return run


def evaluation_run(*, run_id: int, clock: Callable[[], datetime]) -> None:
    """Measures what was asked for, unless another worker does or it is finished. A refusal is kept with the run; what
    nobody expected is kept and raised.
    """
    run = _claim(run_id, clock())
    if run is None:
        return
    try:
        evaluation = _measure(run, clock)
    except SentinelError as error:
        _finish(run, clock(), failure=error.detail)
    except Exception:
        _logger.exception("evaluation run %s failed", run.pk)
        _finish(run, clock(), failure=_BROKEN)
        raise
    else:
        _finish(run, clock(), evaluation=evaluation)


def evaluation_give_up(*, run: EvaluationRun, now: datetime) -> None:
    """No worker could be told of it."""
    _finish(run, now, failure=UNREACHABLE)


def _claim(run_id: int, now: datetime) -> EvaluationRun | None:
    waiting = EvaluationRun.objects.filter(pk=run_id, state=_State.QUEUED)
    claimed = waiting.update(state=_State.RUNNING, heard_at=now)
    return EvaluationRun.objects.select_related("model").get(pk=run_id) if claimed else None


def _measure(run: EvaluationRun, clock: Callable[[], datetime]) -> ModelEvaluation:
    # It reads whole histories into numpy: for workers alone.
    from scoring.services.model_evaluation import model_evaluate

    def on_progress(rows: int) -> None:
        mine = EvaluationRun.objects.filter(pk=run.pk, state=_State.RUNNING)
        mine.update(rows_done=F("rows_done") + rows, heard_at=clock())

    return model_evaluate(version=run.model.version, actor=run.asked_by, now=clock(), on_progress=on_progress)


def _finish(
    run: EvaluationRun, now: datetime, *, evaluation: ModelEvaluation | None = None, failure: str = ""
) -> None:
    """Nothing happens when it was given up meanwhile."""
    EvaluationRun.objects.filter(pk=run.pk, state__in=EvaluationRun.UNFINISHED).update(
        state=_State.DONE if evaluation else _State.FAILED,
        evaluation=evaluation,
        failure=failure[:500],
        heard_at=now,
        finished_at=now,
    )


def _give_up_lost(model: ModelVersion, now: datetime) -> None:
    lost = model.evaluation_runs.filter(state__in=EvaluationRun.UNFINISHED, heard_at__lt=now - EVALUATION_SILENCE_MAX)
    lost.update(state=_State.FAILED, failure=LOST, finished_at=now)
