"""/metrics, in Prometheus's text format: for its networks, or for a client with the scope `monitoring:read`."""

import logging
from collections.abc import Iterator
from ipaddress import ip_address

import orjson
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from dashboard.domain.system_figures import FIGURES
from dashboard.models import SystemAlarm
from dashboard.selectors.system_figures import Values, fresh_figures
from sentinel.api.authentication import authenticate
from sentinel.api.problems import CONTENT_TYPE, as_sentinel_error, problem, problem_headers
from sentinel.api.scopes import require_scope
from sentinel.ops import metrics as counted

SCOPE = "monitoring:read"
ALARMS_OPEN = "sentinel_alarms_open"
# Known of minutes and kept in the database; Prometheus makes its own out of what is counted.
BY_MINUTE = frozenset(
    {"request_rate", "error_percent", "payment_rate", "payment_ms_p50", "payment_ms_p95", "payment_ms_p99",
     "degraded_percent"}
)  # fmt: skip

_logger = logging.getLogger(__name__)


@require_safe
def _metrics(request: HttpRequest) -> HttpResponse:
    """Runs in a thread of its own, whose database connection nobody else would close."""
    try:
        if not _is_from_metrics_network(request):
            client = authenticate(request.headers.get("X-API-Key"), request.headers.get("Authorization"))
            require_scope(client, SCOPE, request.method or "")
        return HttpResponse(
            counted.metrics_text(SystemCollector()), content_type=counted.CONTENT_TYPE, headers=_FRESH
        )
    except Exception as error:
        return _refused(error)
    finally:
        connections.close_all()


metrics = sync_to_async(_metrics, thread_sensitive=False)
_FRESH = {"Cache-Control": "no-store"}


class SystemCollector:
    """The figures of now; those that cannot be asked are missing, and `sentinel_service_down` tells why."""

    def collect(self) -> Iterator[Metric]:
        values: Values = fresh_figures()
        for name, figure in FIGURES.items():
            if name not in BY_MINUTE:
                family = GaugeMetricFamily(metric_name(name), f"{figure.words}.", labels=["subject"])
                for (_, subject), value in sorted(each for each in values.items() if each[0][0] == name):
                    family.add_metric([subject], value)
                yield family
        alarms = GaugeMetricFamily(ALARMS_OPEN, "Alarms of the system that are open.")
        try:
            alarms.add_metric([], SystemAlarm.objects.filter(closed_at__isnull=True).count())
        except Exception as error:  # the database is away: the rest is told all the same
            _logger.info("alarms cannot be counted: %s", type(error).__name__)
        yield alarms


def metric_name(figure: str) -> str:
    return f"sentinel_{figure}"


def metric_names() -> set[str]:
    """All by which samples of /metrics can be asked for."""
    return counted.metric_names() | {metric_name(name) for name in FIGURES if name not in BY_MINUTE} | {ALARMS_OPEN}


def _is_from_metrics_network(request: HttpRequest) -> bool:
    """Whether whoever asks stands in one of the networks of the settings, as far as a trusted proxy tells."""
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:  # a Unix socket
        return False
    return any(address in network for network in settings.METRICS_NETWORKS)


def _refused(error: Exception) -> HttpResponse:
    told = as_sentinel_error(error)
    if told is None:
        raise error
    return HttpResponse(
        orjson.dumps(problem(told)), status=told.http_status, content_type=CONTENT_TYPE,
        headers=_FRESH | problem_headers(told),
    )  # fmt: skip
