"""The write side of the hot path: claim the keys, lock the accounts, write everything, in one database transaction.

Two round trips: BEGIN, claim and lock are sent together, and so are write and COMMIT. After a statement that fails
PostgreSQL passes over the rest of what was sent with it, so nothing is committed that was not written.

Locks are taken in one order everywhere (keys before accounts, each sorted), so that no two writers wait for each
other in a circle. Nothing is answered that is not committed.
"""

import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import OperationalError
from psycopg.errors import LockNotAvailable
from psycopg_pool import PoolTimeout, TooManyRequests

from ledger.domain.booking import LockedAccount
from ledger.domain.rows import Rows
from ledger.errors import AccountBusy, KeyInProgress
from ledger.services.writing import LOCK, as_array, as_json, as_sent, locked_account, write_statement
from sentinel.core.errors import Unavailable
from sentinel.core.values import value
from sentinel.ops.connections import recording_pool
from sentinel.ops.postgres_line import LineConnection

_logger = logging.getLogger(__name__)

_CLAIM = "SELECT * FROM ledger_claim(%s, %s, %s)"
_BEGIN, _COMMIT = ("BEGIN", ()), ("COMMIT", ())

_SPENT_ON_DAY = """
SELECT coalesce(sum(t.amount_minor), 0)::bigint AS spent
FROM ledger_transaction t
JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
LEFT JOIN ledger_holdresolution r ON r.hold_id = t.id
WHERE t.account_id = %(account_id)s AND t.occurred_at >= %(start)s AND t.occurred_at < %(end)s
    AND t.transaction_type <> 'top_up' AND d.status <> 'declined' AND coalesce(r.resolution, 'approved') = 'approved'
"""


@value
class KeyClaim:
    client_id: UUID
    key: str
    operation: str
    fingerprint: bytes
    subject_id: UUID


@value
class Opened:
    """What an open database transaction holds until its end.

    `claimed`: the keys that are ours now, each with whether a void arrived first; missing ones were used before.
    `locked`: the customer accounts that exist, as they are now.
    """

    claimed: dict[tuple[UUID, str], bool]
    locked: dict[str, LockedAccount]


class Recording:
    """A database transaction of the hot path: opened once, then written once or given up."""

    def __init__(self, connection: LineConnection) -> None:
        self.connection = connection

    async def open(self, claims: Iterable[KeyClaim], account_ids: Iterable[str], *, now: datetime) -> Opened:
        """Claim the keys, then lock the balance rows.

        Waits for a database transaction that is just claiming the same key or holds an account.
        Errors: KeyInProgress and AccountBusy after 4 s.
        """
        keys = [_key_row(claim) for claim in claims]
        claim = (_CLAIM, [as_json(keys), str(len(keys)), now.isoformat()])
        lock = (LOCK, [as_array(sorted(set(account_ids)))])
        try:
            _, claimed, locked = await self.connection.ask(_BEGIN, claim, lock)
        except LockNotAvailable as error:
            waited_for_account = "ledger_lock" in (error.diag.context or "")
            raise (AccountBusy if waited_for_account else KeyInProgress)(retry_after_seconds=1) from error
        return Opened(
            {(client_id, key): voided for client_id, key, voided in claimed},
            {row[0]: locked_account(row) for row in locked},
        )

    async def spent_between(self, account_id: str, start: datetime, end: datetime) -> int:
        """What an account has spent in a day that is not its latest, from the record."""
        cursor = await self.connection.execute(_SPENT_ON_DAY, {"account_id": account_id, "start": start, "end": end})
        row = await cursor.fetchone()
        return int(row[0]) if row else 0

    async def write(self, rows: Rows) -> None:
        """Write the rows and commit."""
        statement, values = write_statement(rows)
        await self.connection.ask((statement, [as_sent(value) for value in values]), _COMMIT)


@asynccontextmanager
async def reading() -> AsyncIterator[LineConnection]:
    """A connection for single reads. Errors: as `recording`."""
    with _database_errors():
        pool = await recording_pool()
        connection = await pool.getconn()
        try:
            yield connection
        finally:
            await pool.putconn(connection)


@asynccontextmanager
async def recording() -> AsyncIterator[Recording]:
    """A database transaction of the runtime role. What was not written at the end of the block is rolled back.

    Errors: Unavailable when the database cannot be reached in time: what became of the payment is then unknown.
    """
    async with reading() as connection:
        try:
            yield Recording(connection)
        finally:
            await connection.rollback()


def _key_row(claim: KeyClaim) -> dict[str, Any]:
    return {
        "client_id": claim.client_id,
        "key": claim.key,
        "operation": claim.operation,
        "fingerprint": claim.fingerprint,
        "subject_id": claim.subject_id,
    }


@contextmanager
def _database_errors() -> Iterator[None]:
    try:
        yield
    except LockNotAvailable as error:
        raise KeyInProgress(retry_after_seconds=1) from error
    except (PoolTimeout, TooManyRequests, OperationalError) as error:
        _logger.error("the database did not answer: %s", error)
        raise Unavailable(retry_after_seconds=1) from error
