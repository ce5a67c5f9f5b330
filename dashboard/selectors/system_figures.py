"""What the system is like now, asked where it is known. A figure that cannot be asked is missing, never zero."""

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db import connection
from django.utils import timezone

from dashboard.domain.system_figures import DOWN
from dashboard.selectors.figures import freshness
from ledger.models import OutboxPending
from scoring.models import ModelPromotion, ModelVersion
from scoring.services.entities import marker_current
from sentinel.ops.connections import redis_from_services
from sentinel.ops.epochs import CONFIGURATION, epoch_key
from sentinel.ops.health import run_probes
from sentinel.ops.machine import host_name, machine_figures
from webhooks.probes import oldest_due_at, oldest_pending_at, queue_depths

# By figure and subject.
Values = dict[tuple[str, str], float]
_FRESH_SECONDS = 5.0
_OUTBOX_COUNTED_MAX = 200_000
# Probes of what has a figure of its own: nobody is to be alarmed of it twice.
_MEASURED_BELOW = frozenset({"pending events", "due deliveries", "queues"})
_CONNECTIONS = "SELECT 100.0 * count(*) / current_setting('max_connections')::int FROM pg_stat_activity"

_logger = logging.getLogger(__name__)


def figures_now(now: datetime) -> Values:
    """Every figure of this moment. Blocks for some tens of milliseconds."""
    found: Values = {}
    for source in _SOURCES:
        try:
            found |= source(now)
        except Exception as error:  # whatever it is, the others are still asked; probes and alarms tell of it
            _logger.info("%s cannot be read: %s", source.__name__.strip("_"), type(error).__name__)
    return found


class FreshFigures:
    """At most some seconds old, however often somebody asks."""

    def __init__(self) -> None:
        self._values: Values = {}
        self._asked_at = float("-inf")

    def __call__(self) -> Values:
        if time.monotonic() - self._asked_at >= _FRESH_SECONDS:
            self._values, self._asked_at = figures_now(timezone.now()), time.monotonic()
        return self._values


fresh_figures = FreshFigures()


def _services(now: datetime) -> Values:
    probes = [result for result in run_probes() if result.name not in _MEASURED_BELOW]
    return {(DOWN, result.name): 0.0 if result.is_well else 1.0 for result in probes}


def _queues(now: datetime) -> Values:
    return {("queue_depth", name): float(depth) for name, depth in queue_depths().items()}


def _outbox(now: datetime) -> Values:
    pending = OutboxPending.objects.values_list("pk")[:_OUTBOX_COUNTED_MAX].count()
    return {("outbox_events", ""): float(pending), ("outbox_age_seconds", ""): _age_seconds(oldest_pending_at(), now)}


def _deliveries(now: datetime) -> Values:
    return {("delivery_age_seconds", ""): _age_seconds(oldest_due_at(now), now)}


def _facts(now: datetime) -> Values:
    fresh = freshness()
    return {("facts_age_seconds", ""): _age_seconds(fresh.updated_at, now)} if fresh else {}


def _redis(now: datetime) -> Values:
    """Whether what is known of cards, devices, addresses and merchants is complete, and since when nobody was told
    that rules, lists, policy or model have changed.
    """
    with redis_from_services() as client:
        known = marker_current(client)
        changed_ns = client.get(epoch_key(CONFIGURATION))
    found = {("entity_history_missing", ""): 0.0 if known is not None and known.is_ready else 1.0}
    if changed_ns is not None:
        found["configuration_age_seconds", ""] = max(0.0, now.timestamp() - int(changed_ns) / 1e9)
    return found


def _model(now: datetime) -> Values:
    champion = ModelPromotion.objects.filter(model__state=ModelVersion.State.CHAMPION).first()
    return {("model_age_days", ""): _age_seconds(champion.promoted_at, now) / 86_400} if champion else {}


def _database(now: datetime) -> Values:
    with connection.cursor() as cursor:
        cursor.execute(_CONNECTIONS)
        return {("database_connections_percent", ""): float(cursor.fetchone()[0])}


def _machine(now: datetime) -> Values:
    return {(name, host_name()): value for name, value in machine_figures().items()}


_SOURCES: tuple[Callable[[datetime], Values], ...] = (
    _services,
    _queues,
    _outbox,
    _deliveries,
    _facts,
    _redis,
    _model,
    _database,
    _machine,
)


def _age_seconds(since: datetime | None, now: datetime) -> float:
    """0 when there is nothing that waits."""
    return max(0.0, (now - since).total_seconds()) if since else 0.0
