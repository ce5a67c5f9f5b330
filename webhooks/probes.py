"""Is what leaves leaving? Three questions; decisions go on whatever the answers are."""

from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db.models import Min, Q
from django.utils import timezone

from ledger.models import OutboxPending
from sentinel.ops import queues
from sentinel.ops.health import register_probe
from webhooks.models import Delivery
from webhooks.models.deliveries import DeliveryState
from webhooks.models.endpoints import EndpointState

LATE = timedelta(seconds=60)
DEEP = 10_000  # messages


class Late(Exception):
    """Raised when something has waited for longer than it should."""


def pending_events() -> str:
    """The oldest event that was not handed out."""
    return _age(oldest_pending_at(), "none is pending", "the oldest has waited for {} s")


def oldest_pending_at() -> datetime | None:
    return OutboxPending.objects.order_by("event_id").values_list("created_at", flat=True).first()


def due_deliveries() -> str:
    """The delivery that should have been tried first and was not."""
    return _age(oldest_due_at(timezone.now()), "none is due", "the oldest is due since {} s")


def oldest_due_at(now: datetime) -> datetime | None:
    free = Q(endpoint__wait_until__isnull=True) | Q(endpoint__wait_until__lte=now)
    due = Delivery.objects.filter(
        free, state=DeliveryState.WAITING, next_attempt_at__lte=now, endpoint__state=EndpointState.ACTIVE
    ).filter(endpoint__failing_since__isnull=True)
    oldest: datetime | None = due.aggregate(oldest=Min("next_attempt_at"))["oldest"]
    return oldest


def queue_depth() -> str:
    """Messages in Celery's queues that nobody has taken yet."""
    depths = queue_depths()
    words = ", ".join(f"{name} {depth}" for name, depth in depths.items())
    if max(depths.values()) > DEEP:
        raise Late(words)
    return words


def queue_depths() -> dict[str, int]:
    """By the queue's name. Errors: kombu's and the network's."""
    with current_app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=1)
        # Declared as the workers declare them: an empty queue of Valkey does not exist, and asking for it would fail.
        bound = {name: current_app.amqp.queues[name].bind(connection.default_channel) for name in queues.NAMES}
        return {name: _messages(queue) for name, queue in bound.items()}


def _messages(queue: Any) -> int:
    return int(queue.queue_declare().message_count)


def register_own_probes() -> None:
    register_probe("pending events", pending_events, critical=False, advice="Is `manage.py relay` running?")
    register_probe(
        "due deliveries", due_deliveries, critical=False, advice="Does a worker take the queue sentinel.deliveries?"
    )
    register_probe("queues", queue_depth, critical=False, advice="Start more workers.")


def _age(oldest: datetime | None, none: str, words: str) -> str:
    if oldest is None:
        return none
    age = timezone.now() - oldest
    said = words.format(max(0, int(age.total_seconds())))
    if age > LATE:
        raise Late(said)
    return said
