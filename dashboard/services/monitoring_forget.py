"""What is known of the system is forgotten after a published number of days."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from dashboard.domain.ids import first_id

ROWS_AT_ONCE = 20_000
RUNS_MAX = 400
# By table, the column that tells how old a row is; ids tell it themselves.
_BY_ID = ("dashboard_apicall", "dashboard_keptwarning")
_BY_MINUTE = ("dashboard_requestminute", "dashboard_reading")


def monitoring_forget(*, now: datetime) -> int:
    """Returns how many rows. The next run takes what is left; alarms are kept."""
    oldest = now - timedelta(days=settings.MONITORING_DAYS)
    forgotten = sum(_forget(table, "id", str(first_id(oldest))) for table in _BY_ID)
    return forgotten + sum(_forget(table, "minute", oldest) for table in _BY_MINUTE)


def _forget(table: str, column: str, oldest: str | datetime) -> int:
    """In pieces, so that no lock and no statement lasts long."""
    old = f"SELECT id FROM {table} WHERE {column} < %s ORDER BY {column} LIMIT {ROWS_AT_ONCE}"  # noqa: S608
    forgotten = 0
    for _ in range(RUNS_MAX):
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE id IN ({old})", [oldest])  # noqa: S608 - our own words
            forgotten += cursor.rowcount
            if cursor.rowcount < ROWS_AT_ONCE:
                break
    return forgotten
