"""Simulations: asked for and stopped by people, started by a worker, resumed after a crash.

The row is the truth and a message only wakes a worker: whoever may start is decided by one conditional UPDATE, so a
message that comes twice, late or never does no harm. What is counted is in rules.domain.simulation.
"""

from datetime import datetime, timedelta

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from kombu.exceptions import OperationalError

from ledger.services.audit import audit_record
from rules.errors import SimulationUnderWay
from rules.models import RuleVersion, Simulation
from rules.models.simulations import DAYS_MAX
from rules.selectors import rule_definition
from sentinel.core.errors import FieldError, InvalidRequest

TASK = "rules.tasks.simulation_run"
SILENCE_MAX = timedelta(minutes=2)  # a running simulation whose worker is silent for this long has lost it
ATTEMPTS_MAX = 3

_State = Simulation.State


@transaction.atomic
def simulation_request(*, actor: str, version: RuleVersion, days: int, now: datetime) -> Simulation:
    """Queues what this version would have done in the last `days`; a worker takes it after the commit.

    Errors: InvalidRequest for the days, InvalidExpression for a version that cannot be read any more,
    SimulationUnderWay. Nothing is queued then.
    """
    if not 1 <= days <= DAYS_MAX:
        message = f"Choose 1 to {DAYS_MAX} days."
        raise InvalidRequest(message, errors=[FieldError("days", "out_of_range", message)])
    rule_definition(version)
    try:
        with transaction.atomic():
            simulation = Simulation.objects.create(
                version=version,
                days=days,
                span_start=now - timedelta(days=days),
                span_end=now,
                requested_by=actor,
                created_at=now,
            )
    except IntegrityError:
        raise SimulationUnderWay(
            "This version is being simulated already. Wait for the result, or stop it."
        ) from None
    _audit(actor, "simulation.requested", simulation, now, days=days)
    _wake(simulation)
    return simulation


@transaction.atomic
def simulation_stop(*, actor: str, simulation: Simulation, now: datetime) -> None:
    """At once when nobody has begun, else when its worker looks next, about a second later. Finished ones stay."""
    mine = Simulation.objects.filter(pk=simulation.pk)
    if mine.filter(state=_State.QUEUED).update(state=_State.STOPPED, stop_requested=True, finished_at=now) or (
        mine.filter(state=_State.RUNNING, stop_requested=False).update(stop_requested=True)
    ):
        _audit(actor, "simulation.stopped", simulation, now)


def simulation_claim(*, simulation_id: int, now: datetime) -> Simulation | None:
    """The simulation, which is now the caller's to run as `attempt`; None when it is not to be run, or by another."""
    lost = Q(state=_State.RUNNING, heartbeat_at__lt=now - SILENCE_MAX)
    startable = Simulation.objects.filter(Q(state=_State.QUEUED) | lost, pk=simulation_id)
    claimed = startable.update(
        state=_State.RUNNING, attempt=F("attempt") + 1, started_at=now, heartbeat_at=now, rows_done=0
    )
    return Simulation.objects.select_related("version__rule").get(pk=simulation_id) if claimed else None


def simulation_progress(*, simulation: Simulation, rows_done: int, now: datetime) -> bool:
    """Says that the worker is alive, and how far. False: stop; a person asked for it, or another one took over."""
    mine = Simulation.objects.filter(pk=simulation.pk, state=_State.RUNNING, attempt=simulation.attempt)
    mine.update(rows_done=rows_done, rows_estimated=simulation.rows_estimated, heartbeat_at=now)
    return mine.filter(stop_requested=False).exists()


def simulation_finish(
    *, simulation: Simulation, now: datetime, result: dict[str, object] | None = None, error: str = ""
) -> None:
    """Done with a result, failed with an error, else stopped. Nothing happens when another one took over."""
    state = _State.DONE if result is not None else _State.FAILED if error else _State.STOPPED
    mine = Simulation.objects.filter(pk=simulation.pk, state=_State.RUNNING, attempt=simulation.attempt)
    mine.update(state=state, result=result, error=error, finished_at=now, heartbeat_at=now)


def simulations_resume(*, now: datetime) -> int:
    """Wakes a worker for those nobody runs: never begun, or begun by a worker that died. How many there were."""
    silent_since = now - SILENCE_MAX
    lost = Simulation.objects.filter(state=_State.RUNNING, heartbeat_at__lt=silent_since)
    lost.filter(attempt__gte=ATTEMPTS_MAX).update(
        state=_State.FAILED, error="Its worker was lost three times. Ask an operator.", finished_at=now
    )
    waiting = Simulation.objects.filter(state=_State.QUEUED, created_at__lt=silent_since)
    found = [*waiting[:100], *lost[:100]]
    for simulation in found:
        _wake(simulation)
    return len(found)


def maturity_days() -> int:
    """After how many days an approved payment that nobody complained about counts as a good one."""
    return int(settings.LABEL_MATURITY_DAYS)


def _wake(simulation: Simulation) -> None:
    """After the commit. Without a broker nothing is lost: the row is found by simulations_resume."""

    def send() -> None:
        try:
            current_app.send_task(TASK, [simulation.pk], retry=False)
        except OperationalError:
            return

    transaction.on_commit(send)


def _audit(actor: str, action: str, simulation: Simulation, now: datetime, **details: int) -> None:
    version = simulation.version
    audit_record(
        actor=actor,
        action=action,
        subject=f"rule:{version.rule.code}",
        details={"version": version.number, "simulation": simulation.pk, **details},
        now=now,
    )
