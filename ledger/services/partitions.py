"""Monthly partitions of the big tables, made ahead of time. Needs the owner role."""

from datetime import UTC, datetime

from django.db import connection, transaction

from sentinel.core.ids import first_uuid7_at

# Table, and what each of its partitions needs beside what PostgreSQL copies from the parent: statement triggers are
# not inherited, and a unique rule without the partition key can only live on a partition.
_INSERT_ONLY = (
    "CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {part} "
    "FOR EACH STATEMENT EXECUTE FUNCTION sentinel_refuse_change()"
)
_BALANCE = (
    "CREATE TRIGGER postings_balance AFTER INSERT ON {part} REFERENCING NEW TABLE AS new_postings "
    "FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_postings_balance()"
)
_GAPLESS = "CREATE UNIQUE INDEX {part}_seq ON {part} (account_id, seq)"

PARTITIONED: dict[str, tuple[str, ...]] = {
    "ledger_transaction": (_INSERT_ONLY, _GAPLESS),
    "ledger_decision": (_INSERT_ONLY,),
    "ledger_personaldetail": (),
    "ledger_entry": (_INSERT_ONLY,),
    "ledger_posting": (_INSERT_ONLY, _BALANCE),
    "ledger_event": (_INSERT_ONLY,),
}


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
    return made


def _month(now: datetime, offset: int) -> datetime:
    months = now.year * 12 + now.month - 1 + offset
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def _first_id(moment: datetime) -> str:
    return str(first_uuid7_at(int(moment.timestamp() * 1000)))
