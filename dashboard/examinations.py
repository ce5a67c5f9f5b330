"""What people look at is asked by `manage.py doctor`."""

from datetime import timedelta

from django.db.models import Max
from django.utils import timezone

from dashboard.models import Reading
from dashboard.selectors.figures import freshness
from sentinel.ops.doctor import LookAtIt, register_examination

FACTS_LATE = timedelta(minutes=10)
READINGS_LATE = timedelta(minutes=5)


def facts() -> str:
    fresh = freshness()
    if fresh is None:
        raise LookAtIt("the dashboard's facts were never filled")
    ago = timezone.now() - fresh.updated_at
    words = f"filled {int(ago.total_seconds())} s ago"
    if ago > FACTS_LATE:
        raise LookAtIt(words)
    return words


def readings() -> str:
    """Without them no alarm of the system opens or closes."""
    newest = Reading.objects.aggregate(newest=Max("minute"))["newest"]
    if newest is None:
        raise LookAtIt("the figures of the system were never read")
    ago = timezone.now() - newest
    words = f"the figures of the system were read {int(ago.total_seconds())} s ago"
    if ago > READINGS_LATE:
        raise LookAtIt(words)
    return words


def register_own_examinations() -> None:
    register_examination("readings", readings, advice="Are beat and a worker running? The task is system_watch.")
    register_examination("facts", facts, advice="Are beat and a worker running? The task is facts_fill.")
