"""What the worker does for scoring. A task is an interface: one service call."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from scoring.models import PolicySimulation
from scoring.services import challengers, entity_rebuild, evaluation_runs, model_brake, retraining
from scoring.services.jobs import steering
from scoring.services.jobs.working import job_work, jobs_idle
from scoring.services.policy_break_glass import policy_glass_expired_take_out
from scoring.services.policy_simulations import policy_simulation_run, policy_trial_measure
from scoring.services.quality_upkeep import quality_forget, same_references_count
from scoring.services.quality_watch import quality_watch

REBUILD_SECONDS_MAX = 6 * 3600
WATCH_SECONDS_MAX = 3600
EVALUATION_SECONDS_MAX = 3600
JOB_STEP_SECONDS_MAX = 6 * 3600


@shared_task
def policy_simulate(simulation_id: int) -> None:
    simulation = PolicySimulation.objects.get(pk=simulation_id)
    if not simulation.is_finished:
        policy_simulation_run(simulation=simulation, now=timezone.now())


@shared_task(time_limit=EVALUATION_SECONDS_MAX)
def evaluation_run(run_id: int) -> None:
    """Measures a model beside the champion, unless another worker does."""
    evaluation_runs.evaluation_run(run_id=run_id, clock=timezone.now)


@shared_task
def policy_trial_count() -> None:
    policy_trial_measure(now=timezone.now())


@shared_task
def policy_glass_expire() -> None:
    policy_glass_expired_take_out(now=timezone.now())


@shared_task(time_limit=REBUILD_SECONDS_MAX)
def entities_ensure() -> str:
    """Reads what Redis keeps of cards, devices, IP addresses and merchants from the ledger, when it was emptied."""
    rebuilt = entity_rebuild.entities_ensure(now=timezone.now())
    return f"{rebuilt.entities} from {rebuilt.payments} payments" if rebuilt else ""


@shared_task
def entity_labels_tell() -> int:
    """Tells Redis of payments that were confirmed as fraud. Runs every quarter of a minute."""
    return entity_rebuild.entity_labels_tell(now=timezone.now())


@shared_task
def challengers_score() -> int:
    """Lets challengers score the payments of the last minute. Runs every minute."""
    return challengers.challengers_score(now=timezone.now())


@shared_task(time_limit=WATCH_SECONDS_MAX)
def models_watch() -> None:
    """Counts how models fare, and reads the champion's figures. What one run leaves, the next takes."""
    from scoring.services.model_days import model_days_count, model_days_judge
    from scoring.services.model_readings import model_readings_take

    now = timezone.now()
    model_days_count(now=now)
    model_days_judge(now=now)
    model_readings_take(now=now)


@shared_task
def model_brake_check() -> bool:
    return model_brake.model_brake(now=timezone.now())


@shared_task(time_limit=JOB_STEP_SECONDS_MAX, ignore_result=True)
def job_continue(job_id: str) -> None:
    """One step of a scored file; the next ones are other messages, so that no job keeps all workers to itself."""
    for _ in range(job_work(UUID(job_id))):
        job_continue.delay(job_id)


@shared_task
def jobs_continue() -> None:
    """Wakes up jobs whose message or worker was lost. Runs every half minute; one that is worked at is left alone."""
    for job_id in jobs_idle():
        job_continue.delay(str(job_id))


@shared_task
def jobs_expire() -> int:
    """Deletes results whose time has come. Runs every hour."""
    return steering.jobs_expire(now=timezone.now())


@shared_task
def data_quality_watch() -> int:
    """Counts references that were used twice, then looks for shares that drift. Runs every five minutes."""
    same_references_count(now=timezone.now())
    return quality_watch(now=timezone.now())


@shared_task
def data_quality_forget() -> None:
    """Forgets old counts and refused requests. Runs every hour."""
    quality_forget(now=timezone.now())


# A training outlasts the time after which brokers hand a message out again, so it is taken off at once.
@shared_task(acks_late=False, time_limit=retraining.SECONDS_MAX + 60)
def model_retrain() -> str:
    return retraining.model_retrain(clock=timezone.now)
