"""Pending events become rows of what is sent to whom, in one database transaction: none is lost or doubled."""

from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from webhooks.selectors.events import told_events
from webhooks.services.alert_matching import notifications_add
from webhooks.services.delivery_rows import deliveries_add, subscribers

BATCH = 500
# Whoever fans out at the same time takes the next ones.
_NEXT = "SELECT event_id FROM ledger_outboxpending ORDER BY event_id LIMIT %s FOR UPDATE SKIP LOCKED"
_DONE = "DELETE FROM ledger_outboxpending WHERE event_id = ANY(%s)"


@transaction.atomic
def events_fan_out(*, limit: int = BATCH, now: datetime) -> int:
    """Hand out up to `limit` events; returns how many there were. Locks: their pending rows."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [limit])
        pending: list[UUID] = [event_id for (event_id,) in cursor.fetchall()]
        if not pending:
            return 0
        events = told_events(pending)
        hearing = subscribers()
        deliveries_add(
            [(subscriber, event) for event in events for subscriber in hearing if subscriber.hears(event)], now=now
        )
        notifications_add(events, now=now)
        cursor.execute(_DONE, [pending])
    return len(pending)
