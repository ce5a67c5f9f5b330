"""What web processes count, for Prometheus. Labels are bounded: route templates, methods, statuses, outcomes; no ids.

With PROMETHEUS_MULTIPROC_DIR, which gunicorn's settings set, the processes of one gunicorn count into files beside
each other, and each of them can tell the sum. Without it a process knows of itself only.
"""

import os
from collections.abc import Iterable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5)

REGISTRY = CollectorRegistry()
REQUESTS = Counter(
    "sentinel_requests", "Requests answered.", ("route", "method", "status"), registry=REGISTRY
)  # fmt: skip
REQUEST_SECONDS = Histogram(
    "sentinel_request_seconds", "From request to answer.", ("route", "method"), buckets=_SECONDS, registry=REGISTRY
)
IN_FLIGHT = Gauge(
    "sentinel_requests_in_flight", "Requests under way.", multiprocess_mode="livesum", registry=REGISTRY
)
DECISIONS = Counter("sentinel_decisions", "Payments decided.", ("outcome", "mode"), registry=REGISTRY)
DEGRADED = Counter("sentinel_degraded_decisions", "Decided without something.", ("lacking",), registry=REGISTRY)
GROUP_PAYMENTS = Histogram(
    "sentinel_group_payments", "Payments in a group.", buckets=(1, 2, 4, 8, 16, 32, 64, 128), registry=REGISTRY
)
RECORDING_CONNECTIONS = Gauge(
    "sentinel_recording_connections",
    "Database connections of the decision path.",
    ("state",),
    multiprocess_mode="livesum",
    registry=REGISTRY,
)
RECORDING_WAITING = Gauge(
    "sentinel_recording_waiting", "Groups that wait for one.", multiprocess_mode="livesum", registry=REGISTRY
)
LOG_RECORDS = Counter("sentinel_log_records", "Warnings and errors logged.", ("level",), registry=REGISTRY)
NOT_KEPT = Counter("sentinel_not_kept", "Not stored for the Admin.", ("what",), registry=REGISTRY)


class Collector(Protocol):
    def collect(self) -> Iterable[Metric]: ...


def metrics_text(*others: Collector) -> bytes:
    """All that is counted, of all processes, and what `others` know of now. May take some milliseconds."""
    registry = CollectorRegistry()
    registry.register(_counted())
    for other in others:
        registry.register(other)
    return generate_latest(registry)


def metric_names() -> set[str]:
    """By which the samples of the counted can be asked for."""
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    return {metric.name + ending for metric in REGISTRY.collect() for ending in endings[metric.type]}


class _Own:
    """What this process knows."""

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()


def _counted() -> Collector:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return MultiProcessCollector(None)  # type: ignore[no-untyped-call]
    return _Own()
