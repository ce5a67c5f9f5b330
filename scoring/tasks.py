"""What the worker does for scoring. A task is an interface: one service call."""

from celery import shared_task
from django.utils import timezone

from scoring.models import PolicySimulation
from scoring.services import challengers, entity_rebuild, evaluation_runs, model_brake, retraining
from scoring.services.policy_break_glass import policy_glass_expired_take_out
from scoring.services.policy_simulations import policy_simulation_run, policy_trial_measure

REBUILD_SECONDS_MAX = 6 * 3600
WATCH_SECONDS_MAX = 3600
EVALUATION_SECONDS_MAX = 3600


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


# A training outlasts the time after which brokers hand a message out again, so it is taken off at once.
@shared_task(acks_late=False, time_limit=retraining.SECONDS_MAX + 60)
def model_retrain() -> str:
    return retraining.model_retrain(clock=timezone.now)
