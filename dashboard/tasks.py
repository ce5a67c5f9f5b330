"""What the worker does for people and for the dashboard."""

from celery import shared_task
from django.utils import timezone

from dashboard.services import facts, readings, sessions, system_alarms
from dashboard.services import monitoring_forget as forgetting


@shared_task
def sessions_prune() -> int:
    """Forgets sessions of people that have expired or were logged out of. Runs every hour."""
    return sessions.sessions_prune(now=timezone.now())


@shared_task(ignore_result=True)
def facts_fill() -> None:
    """Makes facts of what was recorded. Runs every minute; what one run leaves, the next takes."""
    facts.facts_fill(now=timezone.now())


@shared_task(ignore_result=True)
def system_watch() -> None:
    """Reads the figures of the system, and opens and closes alarms. Runs every minute."""
    now = timezone.now()
    readings.readings_take(now=now)
    system_alarms.system_alarms_step(now=now)


@shared_task
def monitoring_forget() -> int:
    """Forgets calls, warnings and figures older than the published number of days. Runs every hour."""
    return forgetting.monitoring_forget(now=timezone.now())
