"""Rows that nobody should be able to write, by plain SQL. `opened` is a psycopg connection of either role."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from psycopg.types.json import Json

from sentinel.core.ids import parse_public_id, uuid7

_LEG = ("leg", "account", "debit", "credit", "currency")


def uuid(public_id: str) -> UUID:
    found = parse_public_id("txn", public_id)
    assert found is not None
    return found


def legs_of(account_id: str, debit: int = 100, credit: int = 100) -> list[tuple]:
    return [(1, "sys_opening_INR", debit, 0, "INR"), (2, account_id, 0, credit, "INR")]


def insert_entry(
    opened,
    account_id: str,
    *,
    debit: int = 100,
    credit: int = 100,
    legs: list[tuple] | None = None,
    leg_count: int = 2,
    transaction_id: UUID | None = None,
    postings: str = "ledger_posting",
) -> None:
    """An entry and its postings, in one statement."""
    entry_id = uuid7()
    legs = legs_of(account_id, debit, credit) if legs is None else legs
    opened.execute(
        "WITH entry AS (INSERT INTO ledger_entry VALUES (%s, %s, %s, %s, %s, now()))"
        f" INSERT INTO {postings} SELECT %s, %s, leg, account, debit, credit, currency"
        " FROM json_to_recordset(%s)"
        " AS x (leg smallint, account varchar, debit bigint, credit bigint, currency varchar)",
        [
            *(entry_id, account_id, transaction_id, "payment" if transaction_id else "opening", leg_count),
            *(entry_id, account_id, Json([dict(zip(_LEG, leg, strict=True)) for leg in legs])),
        ],
    )


def insert_postings(opened, entry_id: UUID, account_id: str, legs: list[int]) -> None:
    """Balanced postings with these numbers, or a single one."""
    opened.execute(
        "INSERT INTO ledger_posting SELECT %s, %s, leg, 'sys_opening_INR',"
        " CASE WHEN leg = %s THEN 0 ELSE 5 END, CASE WHEN leg = %s THEN 5 ELSE 0 END, 'INR' FROM unnest(%s) AS leg",
        [entry_id, account_id, legs[-1], legs[-1], legs],
    )


def insert_hold(opened, transaction_id: UUID, account_id: str) -> None:
    opened.execute(
        "INSERT INTO ledger_hold (transaction_id, account_id, amount_minor, reserved_minor, currency, recorded_at,"
        " expires_at) VALUES (%s, %s, 1, 1, 'INR', now(), now())",
        [transaction_id, account_id],
    )


def insert_reversal(opened, transaction_id, account_id, amount_minor) -> None:
    opened.execute(
        "INSERT INTO ledger_reversal (id, transaction_id, account_id, amount_minor, currency, reason, actor,"
        " entry_id, recorded_at) VALUES (%s, %s, %s, %s, 'INR', '', 'x', %s, now())",
        [uuid7(), transaction_id, account_id, amount_minor, uuid7()],
    )


def copy_row(opened, table: str, transaction_id: UUID, change: dict, *, into: str | None = None) -> None:
    """Insert the first row of a payment again, with a change."""
    opened.execute(
        f"INSERT INTO {into or table} SELECT (json_populate_record(t, %s)).* FROM {table} t"
        " WHERE transaction_id = %s LIMIT 1",
        [Json(change), transaction_id],
    )


def copy_transaction(opened, transaction_id, change) -> None:
    """Insert the same transaction under another id, with a change."""
    opened.execute(
        "INSERT INTO ledger_transaction SELECT (json_populate_record(t, %s)).* FROM ledger_transaction t"
        " WHERE id = %s",
        [Json({"id": str(uuid7()), **change}), transaction_id],
    )


def older_payment(opened, transaction_id: UUID) -> UUID:
    """The same transaction as if it had been made a month ago."""
    moment = timezone.now() - timedelta(days=28)
    older_id = uuid7(int(moment.timestamp()) * 1_000_000_000)
    copy_transaction(opened, transaction_id, {"id": str(older_id), "seq": 99})
    return older_id
