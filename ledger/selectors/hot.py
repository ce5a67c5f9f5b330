"""Reads of the hot path: asyncio, plain SQL, no ORM."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, LiteralString
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from ledger.domain.payments import AccountProfile, AccountStatus
from sentinel.core.values import value

_PROFILES = """
SELECT a.id AS account_id, a.currency, a.home_country, a.home_zone, a.status, a.risk, a.opened_at, a.livemode,
       a.version, coalesce(array_agg(g.client_id) FILTER (WHERE g.client_id IS NOT NULL), '{}') AS granted_to
FROM ledger_account a LEFT JOIN ledger_accountgrant g ON g.account_id = a.id
WHERE a.id = ANY(%s) AND a.kind = 'customer' GROUP BY a.id
"""

_PAST_COLUMNS = """
t.seq, extract(epoch FROM t.occurred_at)::float8 AS occurred_at_seconds, t.amount_minor, t.merchant_id,
p.latitude, p.longitude, t.transaction_type <> 'top_up' AS takes_money_out,
p.device_id, p.ip_address, p.card_token, t.location_country, t.counterparty_account_id
"""

_PAST_PAYMENTS = f"""
SELECT t.account_id, {_PAST_COLUMNS}
FROM unnest(%(account_ids)s::varchar[], %(untils)s::timestamptz[]) AS asked (account_id, until)
CROSS JOIN LATERAL (
    SELECT max(occurred_at) - %(reach)s AS since FROM ledger_transaction
    WHERE account_id = asked.account_id AND occurred_at <= asked.until
) reached
JOIN ledger_transaction t
    ON t.account_id = asked.account_id AND t.occurred_at BETWEEN reached.since AND asked.until
LEFT JOIN ledger_personaldetail p ON p.transaction_id = t.id AND p.account_id = t.account_id
ORDER BY t.account_id, t.seq
"""  # noqa: S608

# By the index of each partition on (account_id, seq).
_PAYMENTS_SINCE = f"""
SELECT t.account_id, {_PAST_COLUMNS}
FROM unnest(%(account_ids)s::varchar[], %(seqs)s::bigint[]) AS known (account_id, seq)
JOIN ledger_transaction t ON t.account_id = known.account_id AND t.seq > known.seq
LEFT JOIN ledger_personaldetail p ON p.transaction_id = t.id AND p.account_id = t.account_id
ORDER BY t.seq
"""  # noqa: S608

_STORED_KEYS = """
SELECT k.client_id, k.key, k.operation, k.fingerprint, k.subject_id, d.receipt
FROM json_populate_recordset(NULL::ledger_idempotencykey, %s) AS asked
JOIN ledger_idempotencykey k ON k.client_id = asked.client_id AND k.key = asked.key
LEFT JOIN ledger_decision d ON d.transaction_id = k.subject_id
WHERE k.subject_id IS NOT NULL
"""


_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@value
class StoredKey:
    """A used key; `receipt` is None unless it was used for a payment."""

    client_id: UUID
    key: str
    operation: str
    fingerprint: bytes
    subject_id: UUID
    receipt: bytes | None


@value
class PastRow:
    """A recorded payment as histories need it. `occurred_at_seconds` since the epoch."""

    seq: int
    occurred_at_seconds: float
    amount_minor: int
    merchant_id: str | None
    latitude: float | None
    longitude: float | None
    takes_money_out: bool
    device_id: str | None
    ip_address: str | None
    card_token: str | None
    location_country: str | None
    counterparty_account_id: str | None


async def keys_load(
    connection: AsyncConnection[Any], keys: Iterable[tuple[UUID, str]]
) -> dict[tuple[UUID, str], StoredKey]:
    asked = orjson.dumps([{"client_id": client_id, "key": key} for client_id, key in keys]).decode()
    async with connection.cursor(row_factory=class_row(StoredKey)) as cursor:
        await cursor.execute(_STORED_KEYS, [asked])
        return {(row.client_id, row.key): row for row in await cursor.fetchall()}


async def profiles_load(connection: AsyncConnection[Any], account_ids: Iterable[str]) -> dict[str, AccountProfile]:
    """Profiles of the customer accounts that exist."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_PROFILES, [list(account_ids)])
        return {row["account_id"]: _profile(row) for row in await cursor.fetchall()}


async def past_payments_load(
    connection: AsyncConnection[Any], account_ids: Iterable[str], *, reach: timedelta, until: datetime | None = None
) -> dict[str, list[PastRow]]:
    """The payments of each account up to a moment (None: all) and back to `reach` before the last of them, by seq.

    Measured in event time from the account's own last payment, since a replay brings its own clock. Accounts without
    such payments are left out.
    """
    return await past_payments_before(connection, dict.fromkeys(account_ids, until or _FOR_EVER), reach=reach)


async def past_payments_before(
    connection: AsyncConnection[Any], untils: Mapping[str, datetime], *, reach: timedelta
) -> dict[str, list[PastRow]]:
    """As `past_payments_load`, with a moment for each account."""
    values = {"account_ids": list(untils), "untils": list(untils.values()), "reach": reach}
    return await _past_rows(connection, _PAST_PAYMENTS, values)


async def payments_since(connection: AsyncConnection[Any], seqs: Mapping[str, int]) -> dict[str, list[PastRow]]:
    """The payments of each account that were recorded after its given `seq`, in order of seq.

    What a copy of an account's history lacks. Accounts that have no such payment are left out.
    """
    return await _past_rows(connection, _PAYMENTS_SINCE, {"account_ids": list(seqs), "seqs": list(seqs.values())})


async def _past_rows(
    connection: AsyncConnection[Any], query: LiteralString, values: dict[str, Any]
) -> dict[str, list[PastRow]]:
    found: dict[str, list[PastRow]] = {}
    async with connection.cursor() as cursor:
        await cursor.execute(query, values)
        async for account_id, *columns in cursor:
            found.setdefault(account_id, []).append(PastRow(*columns))
    return found


def profile_encode(profile: AccountProfile) -> bytes:
    return orjson.dumps(profile, default=sorted)


@lru_cache(maxsize=4096)  # a profile is read with every payment and seldom edited
def profile_decode(data: bytes) -> AccountProfile:
    row = orjson.loads(data)
    row["opened_at"] = datetime.fromisoformat(row["opened_at"])
    row["granted_to"] = map(UUID, row["granted_to"])
    return _profile(row)


def _profile(row: dict[str, Any]) -> AccountProfile:
    row["status"] = AccountStatus(row["status"])
    row["granted_to"] = frozenset(row["granted_to"])
    return AccountProfile(**row)
