"""How far the record can be read without missing a payment that is still being written."""

import time
from datetime import datetime, timedelta

from django.db import connection

# A payment has claimed its key within this long after its id was made, or is answered 503 and never recorded.
MARGIN = timedelta(seconds=60)
# Longer than any payment's database transaction may last, whatever else is being written.
LONGEST_WRITE = timedelta(minutes=15)
_PATIENCE_SECONDS = 5.0
# Writers other than this one that began before the one given. A snapshot has those of all databases of the server:
# who is known to write in another one is not waited for.
_WRITERS_LEFT = """
SELECT EXISTS (
    SELECT FROM pg_snapshot_xip(pg_current_snapshot()) AS running(id)
    WHERE running.id < %s::xid8 AND running.id IS DISTINCT FROM pg_current_xact_id_if_assigned()
        AND NOT EXISTS (
            SELECT FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE l.locktype = 'transactionid' AND l.granted AND l.transactionid = running.id::xid
                AND a.datname <> current_database()
        )
)
"""


def settled_until(now: datetime) -> datetime:
    """Until when all payments that will ever be recorded can be seen.

    Those younger than the margin may not have begun to write. Of those that have begun the database knows: usually
    they have ended a moment later, and are waited for.
    """
    with connection.cursor() as cursor:
        # An id of its own: the newest writer is in no snapshot before somebody after it has ended.
        cursor.execute("SELECT pg_current_xact_id()::text")
        (barrier,) = cursor.fetchone()
        give_up_at_seconds = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < give_up_at_seconds:
            cursor.execute(_WRITERS_LEFT, [barrier])
            if not cursor.fetchone()[0]:
                return now - MARGIN
            time.sleep(0.05)
    return now - LONGEST_WRITE
