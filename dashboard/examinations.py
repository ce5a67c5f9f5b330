"""What people look at is asked by `manage.py doctor`."""

from datetime import timedelta

from django.utils import timezone

from dashboard.selectors.figures import freshness
from sentinel.ops.doctor import LookAtIt, register_examination

FACTS_LATE = timedelta(minutes=10)


def facts() -> str:
    fresh = freshness()
    if fresh is None:
        raise LookAtIt("the dashboard's facts were never filled")
    ago = timezone.now() - fresh.updated_at
    words = f"filled {int(ago.total_seconds())} s ago"
    if ago > FACTS_LATE:
        raise LookAtIt(words)
    return words


def register_own_examinations() -> None:
    register_examination("facts", facts, advice="Are beat and a worker running? The task is facts_fill.")
