"""Recomputing the whole seal: every leaf from its row, every root from its leaves, every head from the one before.
Then all of it against the heads outside the database.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ledger.domain.seal import NOTHING_BEFORE, merkle_root
from ledger.models import SealBlock
from ledger.services.seal.heads import Head, HeadsBroken, heads_read
from ledger.services.seal.keys import SealKeyBroken
from ledger.services.seal.kinds import sealed_kinds
from ledger.services.seal.sealing import STRAGGLERS
from sentinel.core.ids import first_uuid7_at

_BLOCKS_AT_A_TIME = 50
_NAMED_MAX = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and where. `block` is None for a row that is in no block."""

    words: str
    block: int | None = None
    kind: str = ""
    row_id: UUID | None = None


@dataclass(slots=True)
class Verification:
    """`faults` names the first ones, `faults_count` counts all. `archived`: rows of detached months, of which
    only the leaves were looked at.
    """

    blocks: int = 0
    leaves: int = 0
    late: int = 0
    archived: int = 0
    heads: int = 0
    not_outside: int = 0
    faults: list[Fault] = field(default_factory=list)
    faults_count: int = 0

    def add(self, fault: Fault) -> None:
        self.faults_count += 1
        if len(self.faults) < _NAMED_MAX:
            self.faults.append(fault)


@dataclass(frozen=True, slots=True)
class Seen:
    """A leaf as it was sealed, and its row as it is now. `now` is None when there is no row."""

    kind: str
    row_id: UUID
    digest: bytes
    now: bytes | None


def ledger_verify(*, heads_folder: Path | None = None) -> Iterator[Verification]:
    """Yields the same account again and again while it grows, at last the whole. One snapshot of the database: what
    is recorded meanwhile is not looked at.
    """
    found = Verification()
    heads = _Heads(heads_folder, found)  # before the snapshot: each of these blocks is in it
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL TimeZone = 'UTC'")
        attached = _first_attached_id()
        previous = NOTHING_BEFORE
        number, last = 0, SealBlock.objects.first()
        while last and number < last.number:
            for block, leaves in _blocks(number, attached, last.number, found):
                number += 1
                previous = _check_block(block, number, leaves, previous, heads, found)
                number = block.number
            yield found
        heads.check_rest(number)
        _check_unsealed(last.sealed_through if last else None, attached, found)
        _check_livemode(found)
    yield found


def _blocks(
    after: int, attached: UUID, last: int, found: Verification
) -> Iterator[tuple[SealBlock, list[tuple[int, Seen]]]]:
    """The next blocks, each with its leaves by position."""
    blocks = list(SealBlock.objects.filter(number__gt=after, number__lte=last).order_by("number")[:_BLOCKS_AT_A_TIME])
    leaves: dict[int, list[tuple[int, Seen]]] = {block.number: [] for block in blocks}
    for number, position, seen in _leaves(blocks[0].number, blocks[-1].number, attached, found):
        leaves[number].append((position, seen))
    for block in blocks:
        yield block, sorted(leaves[block.number], key=lambda each: each[0])


def _leaves(first: int, last: int, attached: UUID, found: Verification) -> Iterator[tuple[int, int, Seen]]:
    for kind in sealed_kinds():
        with connection.cursor() as cursor:
            cursor.execute(_LEAVES.format(kind=kind), {"kind": kind.name, "first": first, "last": last})
            for number, position, row_id, digest, now in cursor.fetchall():
                if now is None and kind.is_made_by_id and row_id < attached:
                    found.archived += 1
                    now = digest
                yield number, position, Seen(kind.name, row_id, bytes(digest), bytes(now) if now else None)


_LEAVES = """
    SELECT l.block_id, l.position, l.row_id, l.digest, CASE WHEN {kind.key} IS NOT NULL THEN {kind.digest} END
    FROM ledger_sealleaf l LEFT JOIN {kind.source} ON {kind.key} = l.row_id
    WHERE l.block_id BETWEEN %(first)s AND %(last)s AND l.kind = %(kind)s
"""


def _check_block(
    block: SealBlock,
    expected: int,
    leaves: list[tuple[int, Seen]],
    previous: bytes,
    heads: "_Heads",
    found: Verification,
) -> bytes:
    """Returns the head that the next block has to build on."""
    found.blocks += 1
    found.leaves += len(leaves)
    found.late += len(leaves) if block.is_late else 0
    if block.number != expected:
        found.add(Fault(f"Block {expected} is missing.", expected))
    for _, seen in leaves:
        if seen.now != seen.digest:
            what = "is gone" if seen.now is None else "was changed"
            found.add(Fault(f"The {seen.kind} {seen.row_id} {what}.", block.number, seen.kind, seen.row_id))
    facts = block.facts
    if [position for position, _ in leaves] != list(range(facts.leaves)):
        found.add(Fault(f"Block {block.number} does not have its {facts.leaves} leaves, each once.", block.number))
    elif merkle_root([seen.digest for _, seen in leaves]) != facts.root:
        found.add(Fault(f"The hashes of block {block.number} do not make its root.", block.number))
    if facts.previous != previous and block.number == expected:
        found.add(Fault(f"Block {block.number} does not follow from the block before it.", block.number))
    if facts.head != bytes(block.head):
        found.add(Fault(f"The head of block {block.number} is not that of its root.", block.number))
    heads.check(block)
    return bytes(block.head)


def _check_unsealed(through: datetime | None, attached: UUID, found: Verification) -> None:
    """Rows that were made before everything of their time was sealed, and are in no block."""
    if through is None:
        return
    before = through - STRAGGLERS
    values: dict[str, Any] = {"before": before, "attached": attached}
    values["before_id"] = first_uuid7_at(int(before.timestamp() * 1000))
    for kind in sealed_kinds():
        for row_id in _ids(
            _UNSEALED.format(kind=kind, before="before_id" if kind.is_made_by_id else "before"), values
        ):
            found.add(Fault(f"The {kind.name} {row_id} is in no block.", kind=kind.name, row_id=row_id))
        for stray in kind.strays:
            for row_id in _ids(_STRAY.format(stray=stray), values):
                words = f"Beside the {kind.name}s there is a part of {row_id}, which is none of them."
                found.add(Fault(words, kind=kind.name, row_id=row_id))


_UNSEALED = """
    SELECT {kind.key} FROM {kind.table} r WHERE {kind.made} < %({before})s AND {kind.live}
        AND NOT EXISTS (SELECT FROM ledger_sealleaf l WHERE l.row_id = {kind.key} AND l.kind = '{kind.name}')
    ORDER BY {kind.made} LIMIT 1000
"""

_STRAY = "SELECT s.id FROM ({stray}) s (id) WHERE s.id >= %(attached)s LIMIT 1000"


def _check_livemode(found: Verification) -> None:
    """Test traffic is not sealed: nothing may pass as such that moves the money of a live account."""
    for row_id in _ids(_OTHER_LIVEMODE, {}):
        words = f"Of the transaction {row_id} and its account, one is live and one for tests."
        found.add(Fault(words, kind="transaction", row_id=row_id))


_OTHER_LIVEMODE = """
    SELECT t.id FROM ledger_transaction t JOIN ledger_account a ON a.id = t.account_id
    WHERE t.livemode <> a.livemode ORDER BY t.id LIMIT 1000
"""


def _ids(query: str, values: dict[str, Any]) -> Iterator[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        yield from (row_id for (row_id,) in cursor.fetchall())


def _first_attached_id() -> UUID:
    """The first id of the oldest month that is still a part of the record."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(right(relid::regclass::text, 6)) FROM pg_partition_tree('ledger_transaction') WHERE isleaf"
        )
        month = cursor.fetchone()[0]
    start = datetime.fromisoformat(f"{month[:4]}-{month[4:]}-01T00:00:00+00:00")
    return first_uuid7_at(int(start.timestamp() * 1000))


class _Heads:
    """The heads outside, walked along with the blocks; both are in the order of their numbers."""

    def __init__(self, folder: Path | None, found: Verification) -> None:
        self._found = found
        self._rest = heads_read(folder)
        self._head: Head | None = None
        self._step()

    def check(self, block: SealBlock) -> None:
        while self._head and self._head.block < block.number:
            self._add(f"Outside the database there is another head of block {self._head.block}.", self._head.block)
            self._step()
        if self._head is None:
            self._found.not_outside += 1
        elif self._head.block > block.number:
            self._add(
                f"The head of block {block.number} was never told outside, those of later ones were.", block.number
            )
        else:
            if self._head.head != bytes(block.head):
                words = f"Block {block.number} is not the one that was told outside: it was written anew."
                self._add(words, block.number)
            self._step()

    def check_rest(self, last: int) -> None:
        if last and not self._found.heads:
            self._add("There are no heads outside the database to compare with.", None)
        if self._head:
            words = (
                f"Outside the database there are more blocks, from {self._head.block} on; the record ends with block "
                f"{last}. Its end was cut off, or an older copy was put in its place."
            )
            self._add(words, self._head.block)

    def _step(self) -> None:
        try:
            self._head = next(self._rest, None)
        except (HeadsBroken, SealKeyBroken) as broken:
            self._add(str(broken), None)
            self._head = None
        self._found.heads += self._head is not None

    def _add(self, words: str, block: int | None) -> None:
        self._found.add(Fault(words, block))
