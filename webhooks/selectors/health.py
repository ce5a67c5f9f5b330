"""How an endpoint fares: the line that says whether somebody has to look."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

SPAN = timedelta(hours=24)
_ATTEMPTS = """
SELECT endpoint_id, count(*), count(*) FILTER (WHERE result = 'delivered'),
    percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms)
FROM webhooks_attempt WHERE endpoint_id = ANY(%s) AND started_at > %s GROUP BY endpoint_id
"""
_WAITING = """
SELECT endpoint_id, count(*), min(created_at)
FROM webhooks_delivery WHERE endpoint_id = ANY(%s) AND state = 'waiting' GROUP BY endpoint_id
"""
_DEAD = (
    "SELECT endpoint_id, count(*) FROM webhooks_delivery WHERE endpoint_id = ANY(%s) AND state = 'dead' GROUP BY 1"
)


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """Of the last 24 hours: attempts, the share that arrived (None without attempts), and how long 95 % took at most.

    Of now: deliveries that wait, since when the oldest does, and those that are dead.
    """

    attempts: int = 0
    success_share: float | None = None
    duration_ms_p95: int | None = None
    waiting: int = 0
    oldest_waiting_seconds: int | None = None
    dead: int = 0


def endpoint_health(endpoint_ids: Collection[UUID], now: datetime) -> dict[UUID, EndpointHealth]:
    """One for each of them, in three queries."""
    ids = list(endpoint_ids)
    with connection.cursor() as cursor:
        tried = _rows(cursor, _ATTEMPTS, [ids, now - SPAN])
        waiting = _rows(cursor, _WAITING, [ids])
        dead = _rows(cursor, _DEAD, [ids])
    return {each: _health(tried.get(each), waiting.get(each), dead.get(each), now) for each in ids}


def _rows(cursor: Any, query: str, values: list[Any]) -> dict[UUID, tuple[Any, ...]]:
    cursor.execute(query, values)
    return {row[0]: row[1:] for row in cursor.fetchall()}


def _health(
    tried: tuple[Any, ...] | None, waiting: tuple[Any, ...] | None, dead: tuple[Any, ...] | None, now: datetime
) -> EndpointHealth:
    attempts, arrived, p95 = tried or (0, 0, None)
    count, oldest = waiting or (0, None)
    return EndpointHealth(
        attempts=attempts,
        success_share=arrived / attempts if attempts else None,
        duration_ms_p95=p95,
        waiting=count,
        oldest_waiting_seconds=max(0, int((now - oldest).total_seconds())) if oldest else None,
        dead=dead[0] if dead else 0,
    )
