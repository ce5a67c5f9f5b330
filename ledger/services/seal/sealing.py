"""Closing the record into blocks. One process at a time, after the fact: no request waits for it.

Only rows below the oldest database transaction that still writes are taken, each by name, so that a row that commits
late goes into a later block and is not missed. What is older than STRAGGLERS is sealed by command only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from ledger.domain.seal import NOTHING_BEFORE, BlockFacts, merkle_root
from ledger.models import SealBlock, SealLeaf
from ledger.services.audit import audit_record
from ledger.services.seal.keys import signed_bytes, signing_key
from ledger.services.seal.kinds import SealedKind, sealed_kinds
from sentinel.core.ids import first_uuid7_at

BLOCK_LEAVES = 1_000
ROUND_LEAVES = 20_000
# An id is made a moment before its row is written; what a long database transaction kept back is looked for seldom.
OVERLAP, STRAGGLERS = timedelta(seconds=10), timedelta(minutes=10)
_LOCK = 0x5EA1


@dataclass(frozen=True, slots=True)
class Leaf:
    kind: str
    row_id: UUID
    digest: bytes


def seal_round(*, now: datetime, look_back: timedelta = OVERLAP) -> int:
    """Seals what was recorded since the last time, at most ROUND_LEAVES rows; returns how many. Nothing while another
    process seals.
    """
    with transaction.atomic():
        if not _is_alone():
            return 0
        last = SealBlock.objects.first()
        through = last.sealed_through if last else None
        leaves = _unsealed(through - look_back if through else None, ROUND_LEAVES)
        if len(leaves) < ROUND_LEAVES:
            through = now
        _append(last, leaves, now=now, through=through, is_late=False)
    return len(leaves)


def seal_all(*, actor: str, reason: str, now: datetime) -> int:
    """Seals every row that is in no block, however old: after history was loaded. The audit says who did so and why,
    and the blocks tell it.
    """
    count = 0
    while leaves := _round_of_all(now):
        count += leaves
    if count:
        details = {"rows": count, "reason": reason}
        audit_record(actor=actor, action="ledger.sealed_late", subject="seal", details=details, now=now)
    return count


@transaction.atomic
def _round_of_all(now: datetime) -> int:
    if not _is_alone(wait=True):
        return 0
    last = SealBlock.objects.first()
    leaves = _unsealed(None, ROUND_LEAVES)
    through = last.sealed_through if last else None
    _append(last, leaves, now=now, through=through, is_late=through is not None)
    return len(leaves)


def _is_alone(*, wait: bool = False) -> bool:
    """Until the end of the database transaction; also, digests are written with times in UTC from here on."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _unsealed(since: datetime | None, most: int) -> list[Leaf]:
    """The rows made since a moment that are in no block and below every database transaction that still writes."""
    found: list[Leaf] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::xid::text")
        values = {"horizon": cursor.fetchone()[0], **_since(since)}
        for kind in sealed_kinds():
            if len(found) < most:
                cursor.execute(_unsealed_of(kind, since), values | {"most": most - len(found)})
                found += [Leaf(kind.name, row_id, bytes(digest)) for row_id, digest in cursor.fetchall()]
    return found


def _since(since: datetime | None) -> dict[str, object]:
    if since is None:
        return {}
    return {"first_id": first_uuid7_at(int(since.timestamp() * 1000)), "since": since}


def _unsealed_of(kind: SealedKind, since: datetime | None) -> str:
    first = "true" if since is None else f"{kind.made} >= {'%(first_id)s' if kind.is_made_by_id else '%(since)s'}"
    return f"""
        SELECT {kind.key}, {kind.digest} FROM {kind.source}
        WHERE {first} AND {kind.live} AND age(r.xmin) > age(%(horizon)s::xid)
            AND NOT EXISTS (SELECT FROM ledger_sealleaf l WHERE l.row_id = {kind.key} AND l.kind = '{kind.name}')
        ORDER BY {kind.made}, {kind.key} LIMIT %(most)s
    """  # noqa: S608 - the words of SealedKind


def _append(
    last: SealBlock | None, leaves: list[Leaf], *, now: datetime, through: datetime | None, is_late: bool
) -> None:
    """Writes the blocks of these leaves behind the last one."""
    if not leaves:
        return
    key = signing_key()
    number, previous = (last.number, bytes(last.head)) if last else (0, NOTHING_BEFORE)
    for start in range(0, len(leaves), BLOCK_LEAVES):
        part, number = leaves[start : start + BLOCK_LEAVES], number + 1
        facts = BlockFacts(number, len(part), merkle_root([leaf.digest for leaf in part]), previous, now, is_late)
        SealBlock.objects.create(
            number=number,
            leaves=facts.leaves,
            root=facts.root,
            previous=previous,
            head=facts.head,
            signature=key.sign(signed_bytes(number, facts.head)),
            sealed_at=now,
            sealed_through=through,
            is_late=is_late,
        )
        SealLeaf.objects.bulk_create(_rows(number, part))
        previous = facts.head


def _rows(number: int, leaves: Sequence[Leaf]) -> Iterator[SealLeaf]:
    for position, leaf in enumerate(leaves):
        yield SealLeaf(block_id=number, position=position, kind=leaf.kind, row_id=leaf.row_id, digest=leaf.digest)
