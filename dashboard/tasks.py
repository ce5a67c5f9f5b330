"""What the worker does for people and for the dashboard."""

from celery import shared_task
from django.utils import timezone

from dashboard.services import facts, sessions


@shared_task
def sessions_prune() -> int:
    """Forgets sessions of people that have expired or were logged out of. Runs every hour."""
    return sessions.sessions_prune(now=timezone.now())


@shared_task(ignore_result=True)
def facts_fill() -> None:
    """Makes facts of what was recorded. Runs every minute; what one run leaves, the next takes."""
    facts.facts_fill(now=timezone.now())
