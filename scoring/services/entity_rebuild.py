"""Reads what Redis keeps of cards, devices, IP addresses and merchants from the ledger, while payments go on.

A new generation is built beside whatever there was. First the marker says so: from then on payments note their
records in a journal. Then the ledger is read in one pass over a snapshot; a payment that was committed before the
marker is in it. At last the journal is added, but for what the snapshot had too, and the marker says that the
generation is ready.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

from redis import Redis

from ledger.selectors.streams import (
    FraudLabel,
    RecordedRequest,
    fraud_label_find,
    fraud_labels_stream,
    payments_stream,
)
from scoring.domain.entities import (
    FRAUD_MEMORY_SECONDS,
    MEMORY_SECONDS,
    EntityKind,
    EntityState,
    label_record,
    payment_records,
)
from scoring.domain.habits import is_ordinary
from scoring.services.entities import (
    BUILDING,
    READY,
    TTL_SECONDS,
    Marker,
    entities_named,
    entity_digest,
    entity_key,
    generation_named,
    journal_key,
    journal_parse,
    marker_current,
    marker_key,
)
from sentinel.core.ids import first_uuid7_at
from sentinel.ops.connections import redis_from_services, redis_key, redis_runs
from sentinel.ops.redis_cluster import ClusterClient

# "First seen" goes back MEMORY_SECONDS, and whoever was not seen for so long before that is new.
_REACH = timedelta(seconds=2 * MEMORY_SECONDS + 86_400)
# Payments that were gathered by the marker of an older generation are committed by then.
SETTLE_SECONDS = 5.0
_LAST_WORDS_SECONDS = 0.5
# Of the payments recorded within it, the journal may tell what the snapshot has too.
_OVERLAP = timedelta(hours=1)
_PAYMENTS_AT_ONCE = 2000
_JOURNAL_AT_ONCE = 1000
_STATES_MAX = 200_000  # held in memory at once
_LOCK_SECONDS = 300
_LABEL_OVERLAP = timedelta(seconds=30)

Records = list[tuple[bytes, bytes]]  # digest, record

# Only while it is still this one that is built.
_FINISH = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2])
    return 1
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    payments: int
    entities: int
    labels: int


def entities_ensure(*, now: datetime) -> Rebuilt | None:
    """Read the ledger when Redis has no complete generation; None when it has one, or another process is at it."""
    with redis_from_services() as redis:
        marker = marker_current(redis)
    return None if marker and marker.is_ready else entities_rebuild(now=now)


def entities_rebuild(*, now: datetime, settle_seconds: float = SETTLE_SECONDS) -> Rebuilt | None:
    """Build a new generation; None when another process is at it. Errors: RedisError."""
    with redis_from_services() as redis:
        lock = redis_key("entities", "lock")
        if not redis.set(lock, "1", nx=True, ex=_LOCK_SECONDS):
            return None
        try:
            return Building.begin(redis, now, settle_seconds).run()
        finally:
            redis.delete(lock)


def entity_labels_tell(*, now: datetime) -> int:
    """Tell Redis of the labels that came since the last time; how many. Telling one twice does no harm."""
    with redis_from_services() as redis:
        marker = marker_current(redis)
        if marker is None or not marker.is_ready:
            return 0
        told_key = _labels_key(marker.generation)
        told = redis.get(told_key)
        since = datetime.fromisoformat(_text(told)) if told else now - timedelta(seconds=FRAUD_MEMORY_SECONDS)
        labels = list(fraud_labels_stream(since=since - _LABEL_OVERLAP))
        records = [record for label in labels for record in label_records(label)]
        _append(redis, marker.generation, records)
        redis.set(told_key, now.isoformat(), ex=TTL_SECONDS)
        return len(labels)


def entity_label_tell(label_id: UUID) -> None:
    """Tell Redis of one label at once. While it has no complete generation, the rebuild finds the label. Errors:
    RedisError; `entity_labels_tell` makes it good.
    """
    with redis_from_services() as redis:
        marker = marker_current(redis)
        label = fraud_label_find(label_id) if marker and marker.is_ready else None
        if marker and label:
            _append(redis, marker.generation, label_records(label))


def records_of(payment: RecordedRequest) -> Records:
    """What a payment adds to the entities it names."""
    request = payment.request
    if not request.transaction_type.takes_money_out:
        return []
    named = entities_named(request, livemode=payment.livemode)
    pairs = zip(named, payment_records(request), strict=False)  # but for the account
    return [(digest, record) for digest, record in pairs if digest is not None]


def label_records(label: FraudLabel) -> Records:
    """What a label adds to the entities that its payment named."""
    record = label_record(
        label.transaction_id.hex,
        known_at_seconds=label.known_at.timestamp(),
        made_at_seconds=label.occurred_at.timestamp(),
        is_fraud=label.is_fraud,
        is_ordinary=is_ordinary(label.snapshot),
    )
    named = (
        (EntityKind.CARD, label.card_token),
        (EntityKind.DEVICE, label.device_id),
        (EntityKind.IP, label.ip_address),
        (EntityKind.MERCHANT, label.merchant_id),
        (EntityKind.ACCOUNT, label.account_id),
    )
    return [(entity_digest(kind, name, label.livemode), record) for kind, name in named if name is not None]


@dataclass(slots=True)
class Building:
    redis: Redis | ClusterClient
    marker: Marker
    begun_at: datetime
    now: datetime
    # The states under way. When there are too many they are put down in Redis and fetched again when needed.
    states: dict[bytes, EntityState] = field(default_factory=dict)
    put_down: int = 0
    recent: set[UUID] = field(default_factory=set)  # payments that the journal may tell of too

    @classmethod
    def begin(cls, redis: Redis | ClusterClient, now: datetime, settle_seconds: float) -> "Building":
        previous = marker_current(redis)
        runs = redis_runs(redis)
        marker = Marker(BUILDING, generation_named(runs, time.time()))
        redis.set(marker_key(), str(marker))
        # The marker of other runs of a cluster's nodes counts for none here, and yet payments were gathered by it.
        if runs or (previous is not None and previous.is_ready):
            time.sleep(settle_seconds)
        return cls(redis, marker, datetime.fromtimestamp(time.time(), tz=now.tzinfo), now)

    def run(self) -> Rebuilt | None:
        """None when somebody has given this generation up; the next run builds another one."""
        payments, labels = self.read_payments(), self.read_labels()
        return Rebuilt(payments, self.put_down, labels) if self.finish() else None

    def finish(self) -> bool:
        """Add what was recorded meanwhile; whether the generation is in use now."""
        self._drain_journal(into_states=True)
        self._put_down()
        ready = Marker(READY, self.marker.generation)
        self.redis.set(_labels_key(ready.generation), self.begun_at.isoformat(), ex=TTL_SECONDS)
        if not self.redis.eval(_FINISH, 1, marker_key(), str(self.marker), str(ready)):
            return False
        # Whoever read the marker a moment before has told the journal.
        time.sleep(_LAST_WORDS_SECONDS)
        self._drain_journal(into_states=False)
        return True

    def read_payments(self) -> int:
        count, recent_from = 0, first_uuid7_at(_milliseconds(self.begun_at - _OVERLAP))
        for chunk in _chunks(payments_stream(since=self.now - _REACH)):
            self.recent.update(payment.id for payment in chunk if payment.id >= recent_from)
            self._fold([record for payment in chunk for record in records_of(payment)])
            count += len(chunk)
        return count

    def read_labels(self) -> int:
        since, count = self.now - timedelta(seconds=FRAUD_MEMORY_SECONDS), 0
        for label in fraud_labels_stream(since=since):
            self._fold(label_records(label))
            count += 1
        return count

    def _fold(self, records: Records) -> None:
        self._fetch({digest for digest, _ in records})
        for digest, record in records:
            self.states[digest].add(record)
        self.redis.expire(redis_key("entities", "lock"), _LOCK_SECONDS)
        if len(self.states) > _STATES_MAX:
            self._put_down()

    def _fetch(self, digests: set[bytes]) -> None:
        wanted = [digest for digest in digests if digest not in self.states]
        if not self.put_down:
            self.states.update((digest, EntityState()) for digest in wanted)
            return
        pipeline = self.redis.pipeline(transaction=False)
        for digest in wanted:
            pipeline.get(entity_key(self.marker.generation, digest))
        for digest, data in zip(wanted, pipeline.execute(), strict=True):
            self.states[digest], _ = EntityState.read(data)

    def _put_down(self) -> None:
        states = iter(self.states.items())
        while some := list(islice(states, _PAYMENTS_AT_ONCE)):
            pipeline = self.redis.pipeline(transaction=False)
            for digest, state in some:
                pipeline.set(entity_key(self.marker.generation, digest), state.to_base(), ex=TTL_SECONDS)
            pipeline.execute()
        self.put_down += len(self.states)
        self.states = {}

    def _drain_journal(self, *, into_states: bool) -> None:
        key, oldest = journal_key(self.marker.generation), first_uuid7_at(_milliseconds(self.begun_at - _OVERLAP))
        while lines := self._take(key):
            told = [journal_parse(line) for line in lines]
            # What is older than the overlap was committed before the snapshot, and is in it.
            new = [
                (digest, record)
                for transaction, digest, record in told
                if UUID(transaction) >= oldest and UUID(transaction) not in self.recent
            ]
            if into_states:
                self._fold(new)
            else:
                _append(self.redis, self.marker.generation, new)

    def _take(self, key: str) -> list[bytes]:
        lines: Any = self.redis.lpop(key, _JOURNAL_AT_ONCE)
        return lines or []


def _append(redis: Redis | ClusterClient, generation: str, records: Records) -> None:
    pipeline = redis.pipeline(transaction=False)
    for digest, record in records:
        key = entity_key(generation, digest)
        pipeline.append(key, record)
        pipeline.expire(key, TTL_SECONDS)
    pipeline.execute()


def _chunks(payments: Iterator[RecordedRequest]) -> Iterable[list[RecordedRequest]]:
    while chunk := list(islice(payments, _PAYMENTS_AT_ONCE)):
        yield chunk


def _labels_key(generation: str) -> str:
    return redis_key("entities", generation, "labels")


def _text(data: Any) -> str:
    return data.decode() if isinstance(data, bytes) else str(data)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
