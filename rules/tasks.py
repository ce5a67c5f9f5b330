"""What happens to rules by itself."""

from celery import shared_task
from django.utils import timezone

from rules.services import simulations
from rules.services.brake import rules_brake
from rules.services.break_glass import glass_expired_take_out
from rules.services.costs import costs_collect, errors_told
from rules.services.health import failures_alarm, health_renew
from rules.services.tallies import costs_fold, tallies_count, tallies_judge

RUN_SECONDS_MAX = 3600


@shared_task
def glass_expire() -> None:
    glass_expired_take_out(now=timezone.now())


@shared_task(time_limit=RUN_SECONDS_MAX)
def simulation_run(simulation_id: int) -> bool:
    """Runs a simulation that waits, unless another worker does. Reads a lot, so workers alone load numpy for it."""
    from rules.services.simulating import simulation_run as run

    return run(simulation_id=simulation_id, clock=timezone.now)


@shared_task
def simulations_resume() -> int:
    """Wakes workers for simulations that nobody runs. Runs every minute."""
    return simulations.simulations_resume(now=timezone.now())


@shared_task
def rules_tally() -> None:
    """Counts what rules hit and cost, and acts on it. Runs every minute; what one run leaves, the next takes."""
    now = timezone.now()
    tallies_count(now=now)
    tallies_judge(now=now)
    costs_fold(costs=costs_collect(), now=now)
    errors = errors_told()
    health_renew(errors=errors, now=now)
    failures_alarm(now=now)
    rules_brake(now=now)
