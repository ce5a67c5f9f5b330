"""Gather: what is known of the accounts and entities of a group, without side effects.

One Redis pipeline of single-key reads. What Redis does not have comes from PostgreSQL: the ledger is the truth,
Redis a copy of it by (account, seq). While Redis is down, what this process told it last takes its place.
"""

import asyncio
import logging
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg import AsyncConnection
from redis import RedisError

from ledger.domain.payments import AccountProfile
from ledger.selectors.hot import (
    PastRow,
    past_payments_load,
    payments_since,
    profile_decode,
    profile_encode,
    profiles_load,
)
from ledger.services.recording import reading
from scoring.domain.history import REACH_SECONDS, AccountHistory, PastPayment
from scoring.services.account_copies import AccountCopies
from scoring.services.entities import (
    ENTITY_HISTORY_MISSING,
    Entities,
    Named,
    entities_read,
    entities_remember,
    entity_commands,
)
from sentinel.ops.connections import redis_ask, redis_key
from sentinel.ops.epochs import CONFIGURATION, epoch_key

REDIS_DOWN = "redis_unavailable"
# A copy that is further behind is built anew.
GAP_MAX = 1000
_TTL_SECONDS = 45 * 86_400
# What Redis has of an account: how many bytes its profile is, the profile, the history.
_PROFILE_LENGTH = struct.Struct("<I")

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class AccountContext:
    """What deciding knows of one account. `history` is advanced as the payments of a group are booked.

    `booked` are those payments, for backdated members of the group: the record does not have them yet.
    `stored_profile` is the profile as Redis has it; empty when Redis has another one or none.
    """

    profile: AccountProfile
    history: AccountHistory
    stored_profile: bytes = b""
    booked: list[PastPayment] = field(default_factory=list)

    def renew(self, profile: AccountProfile) -> None:
        self.profile, self.stored_profile = profile, b""

    def add(self, payment: PastPayment) -> None:
        self.history.add(payment)
        self.booked.append(payment)


@dataclass(frozen=True, slots=True)
class Gathered:
    accounts: dict[str, AccountContext]
    entities: Entities
    epoch: bytes | None
    degraded: tuple[str, ...]


async def gather(account_ids: Iterable[str], named: Iterable[Named] = (), *, from_ledger: bool = False) -> Gathered:
    """Contexts of the accounts that exist, the entities that payments name, and the configuration's epoch.

    `from_ledger` passes over Redis' copies of the accounts.
    """
    wanted = sorted(set(account_ids))
    stored, entities, epoch, degraded = await _read_redis([] if from_ledger else wanted, _digests(named))
    accounts = {account_id: context for account_id, context in stored.items() if context is not None}
    missing = [account_id for account_id in wanted if account_id not in accounts]
    if missing:
        async with reading() as connection:
            loaded = await contexts_load(connection, missing)
        accounts |= loaded
        if REDIS_DOWN not in degraded:
            await remember(loaded.values())
    return Gathered(accounts, entities, epoch, degraded)


async def contexts_load(connection: AsyncConnection[Any], account_ids: Iterable[str]) -> dict[str, AccountContext]:
    """Contexts rebuilt from the ledger."""
    profiles = await profiles_load(connection, account_ids)
    histories = await _histories(connection, profiles)
    return {account_id: AccountContext(profile, histories[account_id]) for account_id, profile in profiles.items()}


async def profiles_renew(
    connection: AsyncConnection[Any], contexts: Mapping[str, AccountContext], account_ids: Iterable[str]
) -> None:
    """Bring the profiles of some accounts up to date, from the ledger: Redis is not told of their edits."""
    known = [account_id for account_id in account_ids if account_id in contexts]
    for account_id, profile in (await profiles_load(connection, known)).items() if known else ():
        contexts[account_id].renew(profile)


async def catch_up(
    connection: AsyncConnection[Any], contexts: Mapping[str, AccountContext], seqs: Mapping[str, int]
) -> None:
    """Bring the histories of some accounts to a given seq, from the ledger. Call while holding their locks."""
    gaps = {account_id: seq - contexts[account_id].history.seq for account_id, seq in seqs.items()}
    known = {account_id: contexts[account_id].history.seq for account_id, gap in gaps.items() if 0 < gap <= GAP_MAX}
    for account_id, rows in (await payments_since(connection, known)).items() if known else ():
        for row in rows:
            contexts[account_id].history.add(past_payment(row))
    for account_id, history in (await _histories(connection, seqs.keys() - known)).items():
        contexts[account_id].history = history
    for account_id, seq in seqs.items():
        contexts[account_id].history.seq = seq


async def history_before(
    connection: AsyncConnection[Any], context: AccountContext, moment: datetime
) -> AccountHistory:
    """The history as it stood at an earlier moment: for a backdated payment."""
    account_id = context.profile.account_id
    history = (await _histories(connection, [account_id], moment))[account_id]
    for payment in context.booked:
        if payment.occurred_at_seconds <= moment.timestamp():
            history.add(payment)
    return history


async def remember(contexts: Iterable[AccountContext]) -> None:
    """Bring Redis up to date. Written whole, so that repeating it or losing a race only costs a later reload."""
    copies = {account_key(context.profile.account_id): _encode(context) for context in contexts}
    if not copies:
        return
    _copies.keep(copies)
    try:
        await redis_ask([("SET", key, data, "EX", _TTL_SECONDS) for key, data in copies.items()])
    except RedisError as error:
        _logger.info("Redis is behind: %s", error)


_copies = AccountCopies()
_remembering: set[asyncio.Task[None]] = set()


def remember_soon(contexts: Sequence[AccountContext], entities: Entities) -> None:
    """As `remember`, without waiting for it: whoever asks Redis next in this process stands behind it in the line."""
    for work in (remember(contexts), entities_remember(entities)):
        task = asyncio.create_task(work)
        _remembering.add(task)
        task.add_done_callback(_remembering.discard)


async def remember_finish(timeout_seconds: float = 4.0) -> None:
    """Wait until Redis was told of what is under way. For commands, before they end their loop."""
    loop = asyncio.get_running_loop()
    if under_way := [task for task in _remembering if task.get_loop() is loop]:
        await asyncio.wait(under_way, timeout=timeout_seconds)


async def _read_redis(
    account_ids: Sequence[str], digests: Sequence[bytes]
) -> tuple[dict[str, AccountContext | None], Entities, bytes | None, tuple[str, ...]]:
    keys = [epoch_key(CONFIGURATION), *map(account_key, account_ids)]
    try:
        epoch, *answers = await redis_ask([*(("GET", key) for key in keys), *entity_commands(digests)])
        entities = await entities_read(digests, answers[len(account_ids) :])
    except RedisError as error:
        _logger.warning("Redis cannot be read: %s", error)
        kept = {account_id: _decode(_copies.get(account_key(account_id))) for account_id in account_ids}
        return kept, Entities(), None, (REDIS_DOWN,)
    _copies.belong_to(epoch)
    accounts = dict(zip(account_ids, map(_decode, answers[: len(account_ids)]), strict=True))
    return accounts, entities, epoch, () if entities.is_known else (ENTITY_HISTORY_MISSING,)


def _digests(named: Iterable[Named]) -> list[bytes]:
    return list(dict.fromkeys(digest for each in named for digest in each if digest is not None))


def _encode(context: AccountContext) -> bytes:
    profile = context.stored_profile or profile_encode(context.profile)
    return _PROFILE_LENGTH.pack(len(profile)) + profile + context.history.to_bytes()


def _decode(data: bytes | None) -> AccountContext | None:
    if data is None:
        return None
    (length,) = _PROFILE_LENGTH.unpack_from(data)
    history_at = _PROFILE_LENGTH.size + length
    history = AccountHistory.from_bytes(data[history_at:])
    profile = data[_PROFILE_LENGTH.size : history_at]
    return AccountContext(profile_decode(profile), history, profile) if history else None


async def _histories(
    connection: AsyncConnection[Any], account_ids: Collection[str], until: datetime | None = None
) -> dict[str, AccountHistory]:
    """Histories rebuilt from the ledger, as they were at a moment or are now."""
    if not account_ids:
        return {}
    rows = await past_payments_load(connection, account_ids, reach=timedelta(seconds=REACH_SECONDS), until=until)
    return {each: AccountHistory.of(map(past_payment, rows.get(each, ()))) for each in account_ids}


def past_payment(row: PastRow) -> PastPayment:
    return PastPayment(
        seq=row.seq,
        occurred_at_seconds=row.occurred_at_seconds,
        amount_minor=row.amount_minor,
        merchant_id=row.merchant_id,
        latitude=row.latitude,
        longitude=row.longitude,
        takes_money_out=row.takes_money_out,
        device_id=row.device_id,
        ip_address=row.ip_address,
        card_token=row.card_token,
        location_country=row.location_country,
        counterparty_account_id=row.counterparty_account_id,
    )


def account_key(account_id: str) -> str:
    return redis_key("account", account_id)
