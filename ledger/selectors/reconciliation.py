"""The day of every customer account, from balances and postings in one snapshot."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import starmap
from typing import Any

from django.db import connection, transaction

from ledger.domain.reconciliation import AccountDay
from sentinel.core.ids import first_uuid7_at

_ROWS_AT_ONCE = 2_000
# An entry's id is made within this time of the moment it is recorded at.
_MARGIN = timedelta(hours=1)
# Backwards from the balance of now: what was posted since the day ended is taken away from it.
_DAYS = """
WITH moved AS (
    SELECT p.ledger_account_id AS account_id,
        coalesce(sum(p.debit_minor) FILTER (WHERE e.recorded_at < %(end)s), 0) AS debits,
        coalesce(sum(p.credit_minor) FILTER (WHERE e.recorded_at < %(end)s), 0) AS credits,
        count(*) FILTER (WHERE e.recorded_at < %(end)s) AS entries,
        coalesce(sum(p.credit_minor - p.debit_minor) FILTER (WHERE e.recorded_at >= %(end)s), 0) AS later
    FROM ledger_entry e
    JOIN ledger_posting p ON p.entry_id = e.id AND p.account_id = e.account_id AND p.entry_id >= %(first)s
    WHERE e.id >= %(first)s AND e.recorded_at >= %(start)s
    GROUP BY 1
), kept_back AS (
    SELECT h.account_id, sum(h.reserved_minor) AS held
    FROM ledger_hold h LEFT JOIN ledger_holdresolution r ON r.hold_id = h.transaction_id
    WHERE h.recorded_at < %(end)s AND (r.recorded_at IS NULL OR r.recorded_at >= %(end)s)
    GROUP BY 1
), told AS (
    SELECT a.id, a.currency, coalesce(m.debits, 0) AS debits, coalesce(m.credits, 0) AS credits,
        b.posted_minor - coalesce(m.later, 0) AS closing, coalesce(k.held, 0) AS held,
        coalesce(m.entries, 0) AS entries
    FROM ledger_account a
    JOIN ledger_accountbalance b ON b.account_id = a.id
    LEFT JOIN moved m ON m.account_id = a.id
    LEFT JOIN kept_back k ON k.account_id = a.id
    WHERE a.livemode
)
SELECT id, currency, (closing - credits + debits)::bigint, debits::bigint, credits::bigint, closing::bigint,
    held::bigint, entries
FROM told WHERE (closing, debits, credits, held) <> (0, 0, 0, 0) ORDER BY id COLLATE "C"
"""


def account_days(day: date) -> Iterator[AccountDay]:
    """Every live customer account that had anything or moved anything on a day (UTC), in the order of the ids."""
    start, end = day_bounds(day)
    first = first_uuid7_at(int((start - _MARGIN).timestamp() * 1000))
    return starmap(AccountDay, _stream({"start": start, "end": end, "first": first}))


def day_bounds(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time.min, tzinfo=UTC)
    return start, start + timedelta(days=1)


def _stream(values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(_DAYS, values)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows
