"""Monthly partitions of the big tables: made ahead of time, detached when they are old. Needs the owner role."""

from datetime import UTC, datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from sentinel.core.ids import first_uuid7_at


class PartitionsNeeded(Exception):
    """Months that somebody wanted detached are still needed. Nothing was done."""


# What partitions need beside what PostgreSQL copies from their parent: statement triggers are not inherited, and a
# unique rule without the partition key can only live on a partition.
_INSERT_ONLY = (
    "CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {part} "
    "FOR EACH STATEMENT EXECUTE FUNCTION sentinel_refuse_change()"
)
# Detaching takes away the triggers per row that came from the parent.
_STAYS_INSERT_ONLY = (
    "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {part} "
    "FOR EACH ROW EXECUTE FUNCTION sentinel_refuse_change()"
)
# Read by: the payments of an account that were recorded after a known one.
_GAPLESS = "CREATE UNIQUE INDEX {part}_seq ON {part} (account_id, seq)"


def _checked(function: str) -> str:
    return f"SELECT ledger_make_checked('{{part}}', '{function}')"


PARTITIONED: dict[str, tuple[str, ...]] = {
    "ledger_transaction": (_INSERT_ONLY, _GAPLESS, _checked("ledger_check_transactions")),
    "ledger_decision": (_INSERT_ONLY, _checked("ledger_check_of_transaction")),
    "ledger_personaldetail": (_checked("ledger_check_of_transaction"),),
    "ledger_entry": (_INSERT_ONLY, _checked("ledger_check_entries")),
    "ledger_posting": (_INSERT_ONLY, _checked("ledger_check_postings")),
    "ledger_event": (_INSERT_ONLY, _checked("ledger_check_of_transaction")),
}

# Tables of upper rooms that have the same months. They keep them when the ledger's are detached.
FOLLOWING: list[str] = []


# The current month and those before it that are never detached: histories reach 90 days back.
MONTHS_KEPT = 4

# What is not over yet, below the first id that stays.
_UNFINISHED = {
    "open holds": """
        SELECT count(*) FROM ledger_hold h LEFT JOIN ledger_holdresolution r ON r.hold_id = h.transaction_id
        WHERE r.hold_id IS NULL AND h.transaction_id < %s
    """,
    "events that were not handed out": "SELECT count(*) FROM ledger_outboxpending WHERE event_id < %s",
}

_LACKING = """
    SELECT right(relid::regclass::text, 6) FROM pg_partition_tree('ledger_transaction')
    WHERE isleaf AND to_regclass(%(table)s) IS NOT NULL
        AND to_regclass(%(table)s || '_' || right(relid::regclass::text, 6)) IS NULL
    ORDER BY 1
"""


def partitions_make(*, now: datetime, months_ahead: int = 3) -> list[str]:
    """Make the partitions of last month to `months_ahead` months from now; returns the names of the new ones."""
    made = []
    with transaction.atomic(), connection.cursor() as cursor:
        for offset in range(-1, months_ahead + 1):
            start, end = _month(now, offset), _month(now, offset + 1)
            for table, extras in PARTITIONED.items():
                part = f"{table}_{start:%Y%m}"
                cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [part])
                if cursor.fetchone()[0]:
                    continue
                cursor.execute(
                    f"CREATE TABLE {part} PARTITION OF {table} FOR VALUES FROM (%s) TO (%s)",
                    [_first_id(start), _first_id(end)],
                )
                for statement in extras:
                    cursor.execute(statement.format(part=part))
                made.append(part)
        for table in FOLLOWING:
            made += _follow(cursor, table)
    return made


def _follow(cursor: CursorWrapper, table: str) -> list[str]:
    """Makes the months that transactions have and the table lacks; none before the table itself is there."""
    cursor.execute(_LACKING, {"table": table})
    months = [datetime(int(name[:4]), int(name[4:]), 1, tzinfo=UTC) for (name,) in cursor.fetchall()]
    for start in months:
        cursor.execute(
            f"CREATE TABLE {table}_{start:%Y%m} PARTITION OF {table} FOR VALUES FROM (%s) TO (%s)",
            [_first_id(start), _first_id(_month(start, 1))],
        )
    return [f"{table}_{start:%Y%m}" for start in months]


def partitions_detach(*, before: datetime, now: datetime) -> list[str]:
    """Take the months that lie wholly before a moment out of the big tables; returns what is now a table of its own.

    All tables lose the same months, in one database transaction. Errors: PartitionsNeeded.
    """
    if before > (oldest := _month(now, 1 - MONTHS_KEPT)):
        raise PartitionsNeeded(f"Months from {oldest:%Y-%m} on are kept: histories are read from them.")
    with transaction.atomic(), connection.cursor() as cursor:
        for what, query in _UNFINISHED.items():
            cursor.execute(query, [_first_id(_month(before, 0))])
            if count := cursor.fetchone()[0]:
                raise PartitionsNeeded(f"Before {before:%Y-%m} there are {count} {what}.")
        detached = []
        for table in PARTITIONED:
            cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree(%s) WHERE isleaf", [table])
            for part in sorted(name for (name,) in cursor.fetchall() if name < f"{table}_{before:%Y%m}"):
                cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {part}")
                if _INSERT_ONLY in PARTITIONED[table]:
                    cursor.execute(_STAYS_INSERT_ONLY.format(part=part))
                detached.append(part)
    return detached


def _month(now: datetime, offset: int) -> datetime:
    months = now.year * 12 + now.month - 1 + offset
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def _first_id(moment: datetime) -> str:
    return str(first_uuid7_at(int(moment.timestamp() * 1000)))
