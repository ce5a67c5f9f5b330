"""What Redis keeps of cards, devices, IP addresses and merchants: how it is read and brought up to date.

Each entity is one key (see scoring/domain/entities), named by a keyed hash, since its name is personal. All keys
of one *generation* belong together; the *marker* says which it is and whether it is complete:

* `ready <generation>`: the states are complete, and payments add their records to them;
* `building <generation>`: they are being read from the ledger (entity_rebuild.py); payments add theirs to a journal;
* no marker, when Redis was emptied: nobody knows what there was, so the fields are missing, never zero.

The records of payments are sent after the commit. What Redis does not take is kept and sent again with the next ones;
when too much waits, the generation is given up and read from the ledger anew.
"""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.conf import settings
from redis import Redis, RedisError

from ledger.domain.payments import PaymentRequest
from scoring.domain.entities import (
    FORMAT_VERSION,
    HEAD_SIZE,
    KINDS,
    RECORD_SIZE,
    RECORDS_MAX,
    EntityKind,
    EntityState,
    Known,
    entity_names,
    moment_of,
    payment_records,
)
from scoring.services.entity_copies import EntityCopies, EntityCopy
from sentinel.core.ids import first_uuid7_at
from sentinel.ops.connections import redis_ask, redis_key, redis_runs, redis_runs_here
from sentinel.ops.redis_cluster import ClusterClient
from sentinel.ops.redis_line import Command

ENTITY_HISTORY_MISSING = "entity_history_missing"
TTL_SECONDS = 45 * 86_400
READY, BUILDING = "ready", "building"
# Payments whose records may wait for Redis in one process; a longer outage is made good from the ledger.
UNSENT_MAX = 10_000
_DAY_SECONDS = 86_400

# Put a new base in the place of what was read, and keep the records that came since. When somebody else has put
# another one there, only the own records are added.
_REPLACE = """
local read = tonumber(ARGV[2])
if redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) == ARGV[1] and redis.call('STRLEN', KEYS[1]) >= read then
    redis.call('SET', KEYS[1], ARGV[3] .. redis.call('GETRANGE', KEYS[1], read, -1), 'EX', ARGV[5])
else
    redis.call('APPEND', KEYS[1], ARGV[4])
end
"""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Marker:
    state: str
    generation: str

    @property
    def is_ready(self) -> bool:
        return self.state == READY

    @property
    def begun_with(self) -> UUID:
        """The lowest id of a payment that may have come after the marker said that this generation is being built."""
        return first_uuid7_at(int(self.generation.rpartition("-")[2], 16))

    def __str__(self) -> str:
        return f"{self.state} {self.generation}"


# The digests of what a payment names, in the order of KINDS.
Named = tuple[bytes | None, ...]


Added = list[tuple[str, bytes]]  # transaction, record


@dataclass(slots=True)
class Entities:
    """The entities that a group of payments names, by digest: as Redis has them, and what the group adds.

    `marker` is None when Redis has none or cannot be asked.
    """

    marker: Marker | None = None
    copies: dict[bytes, EntityCopy] = field(default_factory=dict)
    added: dict[bytes, Added] = field(default_factory=dict)
    journal: list[tuple[str, bytes, bytes]] = field(default_factory=list)  # transaction, digest, record
    # The states that somebody asked for after the group had added to them, and how many records they have of it.
    _own: dict[bytes, tuple[EntityState, int]] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        return self.marker is not None and self.marker.is_ready

    def of(self, named: Named) -> Known | None:
        """The states of what a payment names, not to be changed; None when the bank's history is not there."""
        if not self.is_known:
            return None
        return [None if digest is None else self._state(digest) for digest in named]

    def _state(self, digest: bytes) -> EntityState:
        added = self.added.get(digest)
        if added is None:
            return self.copies[digest].state
        state, folded = self._own.get(digest) or (self.copies[digest].state.copy(), 0)
        for _, record in added[folded:]:
            state.add(record)
        self._own[digest] = state, len(added)
        return state

    def add(self, transaction_id: str, request: PaymentRequest, named: Named) -> None:
        """Count a payment among those before the next one of its group, and note its records."""
        if not request.transaction_type.takes_money_out:
            return
        is_known = self.is_known
        for digest, record in zip(named, payment_records(request), strict=False):
            if digest is None:
                continue
            if is_known:
                self.added.setdefault(digest, []).append((transaction_id, record))
            else:
                self.journal.append((transaction_id, digest, record))


def entities_named(request: PaymentRequest, *, livemode: bool) -> Named:
    return tuple(
        [
            None if name is None else entity_digest(kind, name, livemode)
            for kind, name in zip(KINDS, entity_names(request), strict=True)
        ]
    )


@lru_cache(maxsize=16_384)
def entity_digest(kind: EntityKind, name: str, livemode: bool) -> bytes:
    """Live and test never meet, and nobody finds an address by trying all there are."""
    keyed = _keyed_hash(settings.SECRET_KEY, kind, livemode).copy()  # making one costs more than the rest
    keyed.update(name.encode())
    return keyed.digest()


@lru_cache(maxsize=32)
def _keyed_hash(secret: str, kind: EntityKind, livemode: bool) -> blake2b:
    return blake2b(f"{kind}\0{livemode:d}\0".encode(), digest_size=16, key=_hash_key(secret))


@lru_cache(maxsize=4)
def _hash_key(secret: str) -> bytes:
    return blake2b(secret.encode(), digest_size=32, person=b"entity names").digest()


@lru_cache(maxsize=1)
def generation_mark() -> str:
    """Every generation's name begins so. Under another secret the old keys are not found any more, and other code
    may not understand what they hold.
    """
    return f"{FORMAT_VERSION}{blake2b(_hash_key(settings.SECRET_KEY), digest_size=3).hexdigest()}"


def marker_key() -> str:
    return redis_key("entities")


def journal_key(generation: str) -> str:
    return redis_key("entities", generation, "journal")


def entity_key(generation: str, digest: bytes) -> bytes:
    return _entity_prefix(settings.REDIS_KEY_PREFIX, generation) + digest


@lru_cache(maxsize=16)
def _entity_prefix(installation: str, generation: str) -> bytes:
    return f"{installation}:entity:{generation}:".encode()


def generation_named(runs: str, now_seconds: float) -> str:
    return f"{generation_mark()}{runs}-{int(now_seconds * 1000):x}"


def marker_read(data: bytes | None, runs: str) -> Marker | None:
    """None also when it is of other runs of a cluster's nodes: one of them may have come back empty."""
    state, _, generation = (data or b"").decode().partition(" ")
    if state not in (READY, BUILDING) or not generation.startswith(generation_mark() + runs):
        return None
    return Marker(state, generation)


def marker_current(redis: Redis | ClusterClient) -> Marker | None:
    """For services outside the event loop. Errors: RedisError."""
    data: Any = redis.get(marker_key())
    return marker_read(data, redis_runs(redis))


# -- reading, in one pipeline with the accounts

_last_marker: Marker | None = None
_copies = EntityCopies()


def entity_commands(digests: Sequence[bytes]) -> list[Command]:
    """The marker, and the entities of the generation that this process has last seen complete."""
    marker = _last_marker
    if marker is None:
        return [("GET", marker_key())]
    prefix = _entity_prefix(settings.REDIS_KEY_PREFIX, marker.generation)
    return [("GET", marker_key()), *[("GET", prefix + digest) for digest in digests]]


async def entities_read(digests: Sequence[bytes], answers: Sequence[Any]) -> Entities:
    """From the answers to `entity_commands`. Asks again when the generation is another one. Errors: RedisError."""
    global _last_marker
    marker = marker_read(answers[0], redis_runs_here())
    if marker is None or not marker.is_ready:
        _last_marker = None
        return Entities(marker)
    if marker != _last_marker:
        _last_marker = marker
        answers = await redis_ask(entity_commands(digests))
        if marker_read(answers[0], redis_runs_here()) != marker:
            return Entities()
    prefix = _entity_prefix(settings.REDIS_KEY_PREFIX, marker.generation)
    copies = {
        digest: _copies.current(prefix + digest, data) for digest, data in zip(digests, answers[1:], strict=True)
    }
    return Entities(marker, copies)


# -- writing, after the commit


@dataclass(slots=True)
class _Unsent:
    """Records that Redis did not take: transaction, digest, record. `is_lost` when there were too many."""

    journal: deque[tuple[str, bytes, bytes]] = field(default_factory=deque)
    is_lost: bool = False

    def keep(self, journal: Iterable[tuple[str, bytes, bytes]]) -> None:
        self.journal.extend(journal)
        if len(self.journal) > UNSENT_MAX:
            self.journal.clear()
            self.is_lost = True


_unsent = _Unsent()


async def entities_remember(entities: Entities) -> None:
    """Send the records of a group's payments. Never raises: what is not taken is sent again with the next ones."""
    waiting = list(_unsent.journal)
    _unsent.journal.clear()
    try:
        if _unsent.is_lost:
            await _give_up()
        elif entities.added or entities.journal or waiting:
            await _send(entities, waiting)
    except RedisError as error:
        _logger.warning("records of entities wait for Redis: %s", error)
        _unsent.keep([*waiting, *entities.journal, *_as_journal(entities.added)])


async def _send(entities: Entities, waiting: Sequence[tuple[str, bytes, bytes]]) -> None:
    marker = entities.marker
    if waiting or entities.journal or marker is None:
        # Read now, after the commit: whoever reads the ledger for a new generation has set its marker before.
        marker = marker_read((await redis_ask([("GET", marker_key())]))[0], redis_runs_here())
    if marker is None:
        return  # the ledger has them
    # What had waited here before the ledger was read for this generation, was read with it.
    journal = [*(each for each in waiting if UUID(each[0]) >= marker.begun_with), *entities.journal]
    commands: list[Command] = []
    if marker.is_ready:
        prefix = _entity_prefix(settings.REDIS_KEY_PREFIX, marker.generation)
        for digest, added in entities.added.items():
            commands += _adding(prefix + digest, entities.copies[digest], added)
        for _, digest, record in journal:
            commands += [("APPEND", prefix + digest, record), ("EXPIRE", prefix + digest, TTL_SECONDS)]
    else:
        lines = [journal_line(*each) for each in (*journal, *_as_journal(entities.added))]
        commands += [("RPUSH", journal_key(marker.generation), *lines)] if lines else []
    await redis_ask(commands)


def _adding(key: bytes, copy: EntityCopy, added: Added) -> list[Command]:
    """What adds a group's records to one entity."""
    records = b"".join([record for _, record in added])
    if copy.records + len(added) > RECORDS_MAX:
        state = copy.state.copy()
        for _, record in added:
            state.add(record)
        base = state.to_base()
        _copies.keep(key, EntityCopy(base, state, 0))  # if Redis takes it
        return [("EVAL", _REPLACE, 1, key, copy.data[:HEAD_SIZE], len(copy.data), base, records, TTL_SECONDS)]
    if moment_of(added[-1][1]) - copy.state.latest_seconds > _DAY_SECONDS:
        return [("APPEND", key, records), ("EXPIRE", key, TTL_SECONDS)]
    return [("APPEND", key, records)]


def _as_journal(by_digest: dict[bytes, Added]) -> list[tuple[str, bytes, bytes]]:
    return [(transaction, digest, record) for digest, added in by_digest.items() for transaction, record in added]


async def _give_up() -> None:
    """Too many records were lost: what Redis has is not complete, and nobody may take it for that."""
    await redis_ask([("DEL", marker_key())])
    _unsent.is_lost = False


def journal_line(transaction: str, digest: bytes, record: bytes) -> bytes:
    return digest + record + transaction.encode()


def journal_parse(line: bytes) -> tuple[str, bytes, bytes]:
    end = 16 + RECORD_SIZE
    return line[end:].decode(), line[:16], line[16:end]
