"""Wakes workers for what is due. A message is only a wake-up: what is due, and who is at it, PostgreSQL knows."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from webhooks.models import Delivery

CHUNK = 10
FAILS_AFTER = timedelta(seconds=30)
_ROOM_ROWS_MAX = 2_000

# What is due and asleep, per endpoint no more than it has room for: chunks under way times deliveries in a chunk. An
# endpoint where nothing has arrived for a while is tried with one at a time, so that receivers that hang do not take
# all workers; one that fails now and then is not slowed down.
_DUE = """
WITH room AS (
    SELECT e.id,
        CASE WHEN e.failing_since <= %(failed_before)s THEN 1 ELSE e.concurrency_max * %(chunk)s END - (
            SELECT count(*) FROM webhooks_delivery u
            WHERE u.endpoint_id = e.id AND u.state = 'waiting'
                AND (u.woken_until IS NOT NULL OR u.lease_until IS NOT NULL)
                AND (u.woken_until > %(now)s OR u.lease_until > %(now)s)
        ) AS rows
    FROM webhooks_endpoint e
    WHERE e.state = 'active' AND (e.wait_until IS NULL OR e.wait_until <= %(now)s)
)
UPDATE webhooks_delivery SET woken_until = %(until)s
WHERE id IN (
    SELECT due.id FROM room, LATERAL (
        SELECT d.id FROM webhooks_delivery d
        WHERE d.endpoint_id = room.id AND d.state = 'waiting' AND d.next_attempt_at <= %(now)s
            AND (d.lease_until IS NULL OR d.lease_until < %(now)s) AND {asleep}
        ORDER BY d.next_attempt_at LIMIT greatest(room.rows, 0)
    ) due
    LIMIT %(rows_max)s
)
RETURNING endpoint_id, id
"""
_ASLEEP = "(d.woken_until IS NULL OR d.woken_until < %(now)s)"
_NEVER_WOKEN = "d.woken_until IS NULL"
_ONE_AT_A_TIME = "SELECT pg_try_advisory_xact_lock(hashtext('webhooks.waking'))"

Publish = Callable[[Sequence[UUID]], None]


def patience() -> timedelta:
    """A message that was not followed after so long is taken as lost, and sent again."""
    return timedelta(seconds=settings.WEBHOOK_LEASE_SECONDS)


def deliveries_wake(*, publish: Publish, now: datetime, sweeps: bool = True) -> int:
    """Publish a message for each chunk of deliveries that are due; returns how many deliveries were woken.

    `publish` raises when the broker did not confirm: those are due again at once. Without `sweeps`, messages that
    were lost stay lost: for proving that a test can see it.
    """
    woken = _mark_woken(now, sweeps)
    chunks = _chunks(woken)
    for number, chunk in enumerate(chunks):
        try:
            publish(chunk)
        except Exception:
            _put_back([one for left in chunks[number:] for one in left])
            raise
    return len(woken)


def _chunks(woken: Sequence[tuple[UUID, UUID]]) -> list[list[UUID]]:
    """At most CHUNK deliveries of one endpoint each."""
    chunks: list[list[UUID]] = []
    for _, rows in groupby(woken, itemgetter(0)):
        ids = [delivery_id for _, delivery_id in rows]
        chunks += [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    return chunks


@transaction.atomic
def _mark_woken(now: datetime, sweeps: bool) -> list[tuple[UUID, UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(_ONE_AT_A_TIME)
        if not cursor.fetchone()[0]:
            return []  # another relay is counting the room
        query = _DUE.format(asleep=_ASLEEP if sweeps else _NEVER_WOKEN)
        moments = {"now": now, "until": now + patience(), "failed_before": now - FAILS_AFTER}
        cursor.execute(query, {**moments, "chunk": CHUNK, "rows_max": _ROOM_ROWS_MAX})
        return sorted(cursor.fetchall())


def _put_back(ids: Sequence[UUID]) -> None:
    Delivery.objects.filter(pk__in=ids).update(woken_until=None)
