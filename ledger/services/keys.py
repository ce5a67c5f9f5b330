from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

_FORGET = """
DELETE FROM ledger_idempotencykey WHERE (client_id, key) IN (
    SELECT client_id, key FROM ledger_idempotencykey WHERE created_at < %s LIMIT %s
)
"""


def keys_forget(*, now: datetime, limit: int = 50_000) -> int:
    """Forget up to `limit` keys older than settings.KEY_DAYS; such a key is a new one from then on."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [now - timedelta(days=settings.KEY_DAYS), limit])
        return int(cursor.rowcount)
