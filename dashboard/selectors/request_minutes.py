"""Requests of whole minutes, over all web processes."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection

from dashboard.domain.system_figures import PAYMENT_ROUTES
from dashboard.models import RequestMinute
from dashboard.selectors.system_figures import Values
from ledger.domain.decision_times import percentile_ms
from sentinel.core.ids import first_uuid7_at

MINUTE = timedelta(minutes=1)
# Web processes tell of a minute every ten seconds.
_TOLD_AFTER = timedelta(seconds=15)
_DEGRADED = """
SELECT count(*), count(*) FILTER (WHERE degraded <> '{}') FROM ledger_decision
WHERE transaction_id >= %s AND transaction_id < %s
"""


def newest_complete_minute(now: datetime) -> datetime:
    """The last one of which every process has told all."""
    return (now - _TOLD_AFTER).replace(second=0, microsecond=0) - MINUTE


def minute_figures(minute: datetime) -> Values:
    """The figures of what was answered and decided in one minute."""
    rows = list(RequestMinute.objects.filter(minute=minute))
    found = _of_requests(rows) | _of_payments(rows)
    with connection.cursor() as cursor:
        cursor.execute(_DEGRADED, [_first_id(minute), _first_id(minute + MINUTE)])
        decided, degraded = cursor.fetchone()
    found["payment_rate", ""] = decided / 60
    found["degraded_percent", ""] = 100 * degraded / decided if decided else 0.0
    return found


def _of_requests(rows: Iterable[RequestMinute]) -> Values:
    """Without requests none has failed."""
    by_status: Counter[int] = Counter()
    for row in rows:
        by_status[row.status_class] += row.requests
    requests = by_status.total()
    failed = 100 * by_status[5] / requests if requests else 0.0
    return {("request_rate", ""): requests / 60, ("error_percent", ""): failed}


def _of_payments(rows: Iterable[RequestMinute]) -> Values:
    """How long those took that were sent one by one and decided; nothing in a minute without any."""
    bands: Counter[int] = Counter()
    for row in rows:
        if row.route in PAYMENT_ROUTES and row.method == "POST" and row.status_class == 2:
            bands.update({int(band): count for band, count in row.bands.items()})
    shares = {"payment_ms_p50": 0.5, "payment_ms_p95": 0.95, "payment_ms_p99": 0.99}
    times = {name: percentile_ms(bands, share) for name, share in shares.items()}
    return {(name, ""): value for name, value in times.items() if value is not None}


def _first_id(moment: datetime) -> str:
    return str(first_uuid7_at(int(moment.timestamp() * 1000)))
