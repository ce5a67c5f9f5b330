"""Files of labels, held against the record: what could be added, and what is wrong with each other line.

All or nothing: with a fault anywhere nothing is added, until somebody who has seen the faults says that these lines
may be left out. Then all others are added, in one database transaction. A file may be sent again: what was added is
recorded already, so only what is new in it is added.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from psycopg.errors import UniqueViolation

from ledger.domain.label_files import LabelFault, LabelLine, read_labels
from ledger.domain.labels import Said, is_repeated
from ledger.errors import LabelRepeated
from ledger.selectors.named_payments import NamedPayment, payments_named
from ledger.services.audit import audit_record
from ledger.services.labels import wrong_moment
from sentinel.core.ids import uuid7

LINES_AT_ONCE = 5_000
_LATER = 1 << 127
_UNKNOWN = {
    "transaction_id": "There is no such transaction.",
    "reference": "There is no payment with this reference.",
    "idempotency_key": "No payment is known by this key. Keys are forgotten after some days: use its transaction_id.",
}

_RECORDED = """
SELECT transaction_id, id, source, is_fraud, observed_at FROM ledger_label WHERE transaction_id = ANY(%s)
"""
_COPY = """
COPY ledger_label (id, transaction_id, account_id, is_fraud, source, actor, note, observed_at, recorded_at) FROM STDIN
"""

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class NewLabel:
    line: LabelLine
    payment: NamedPayment


@dataclass(slots=True)
class LabelsChecked:
    """What a file would do. `new` is in the order of the file."""

    lines: int = 0
    new: list[NewLabel] = field(default_factory=list)
    faults: list[LabelFault] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        verdicts = Counter("fraud" if each.line.is_fraud else "legitimate" for each in self.new)
        return {
            "lines": self.lines,
            "new": len(self.new),
            "fraud": verdicts["fraud"],
            "legitimate": verdicts["legitimate"],
            "faulty": len(self.faults),
        }


def labels_check(parts: Iterable[bytes], *, now: datetime, on_progress: Progress = int) -> LabelsChecked:
    """The dry run; `on_progress` is told how many lines were looked at since the last time.

    Errors: UnusableFile when this is no such file.
    """
    checked = LabelsChecked()
    in_file: dict[UUID, list[tuple[int, Said]]] = defaultdict(list)
    lines = read_labels(parts, lines_max=settings.LABEL_IMPORT_LINES_MAX)
    while batch := list(islice(lines, LINES_AT_ONCE)):
        for found in _held_against_the_record(batch, in_file, now):
            if isinstance(found, LabelFault):
                checked.faults.append(found)
            else:
                checked.new.append(found)
        checked.lines += len(batch)
        on_progress(len(batch))
    return checked


@transaction.atomic
def labels_add(new: Sequence[NewLabel], *, actor: str, now: datetime) -> None:
    """Errors: LabelRepeated when one of them was recorded since it was checked; then none is added."""
    try:
        with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for each in new:
                line, payment = each.line, each.payment
                said = (line.is_fraud, line.source, actor, line.note, line.observed_at, now)
                copy.write_row((uuid7(), payment.id, payment.account_id, *said))
    except UniqueViolation as error:
        raise LabelRepeated("One of these labels was recorded this moment. Check the file again.") from error


@transaction.atomic
def labels_import(
    *, data: bytes, file_name: str, actor: str, leave_out_faulty: bool, now: datetime, on_progress: Progress = int
) -> LabelsChecked:
    """Adds what is new when no line has a fault, or when those with one may be left out; what was found.

    Errors: UnusableFile, LabelRepeated. Nothing is added then.
    """
    checked = labels_check([data], now=now, on_progress=on_progress)
    if checked.new and (leave_out_faulty or not checked.faults):
        labels_add(checked.new, actor=actor, now=now)
        details = {"file": file_name, "sha256": hashlib.sha256(data).hexdigest(), **checked.counts}
        audit_record(
            actor=actor, action="label_import.applied", subject=f"file:{file_name}"[:200], details=details, now=now
        )
    return checked


def _held_against_the_record(
    batch: Sequence[LabelLine | LabelFault], in_file: dict[UUID, list[tuple[int, Said]]], now: datetime
) -> Iterator[NewLabel | LabelFault]:
    readable = [line for line in batch if isinstance(line, LabelLine)]
    named = payments_named(readable[0].named_by, {line.name for line in readable}) if readable else {}
    recorded = _recorded({payment.id for payments in named.values() for payment in payments})
    for line in batch:
        if isinstance(line, LabelFault):
            yield line
            continue
        found = _payment_meant(line, named.get(line.name, []))
        if isinstance(found, LabelFault):
            yield found
            continue
        earlier = in_file[found.id]
        if (fault := _fault(line, found, recorded.get(found.id, []), earlier, now)) is not None:
            yield fault
            continue
        earlier.append((line.line, _said(line)))
        yield NewLabel(line, found)


def _recorded(transaction_ids: set[UUID]) -> dict[UUID, list[Said]]:
    found: dict[UUID, list[Said]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_RECORDED, [list(transaction_ids)])
        for transaction_id, *said in cursor.fetchall():
            found[transaction_id].append(Said(*said))
    return found


def _payment_meant(line: LabelLine, payments: Sequence[NamedPayment]) -> NamedPayment | LabelFault:
    match payments:
        case []:
            return LabelFault(line.line, line.named_by, _UNKNOWN[line.named_by])
        case [payment]:
            return payment
    return LabelFault(line.line, line.named_by, "Several payments are known by this name: use the transaction_id.")


def _fault(
    line: LabelLine,
    payment: NamedPayment,
    recorded: Sequence[Said],
    in_file: Sequence[tuple[int, Said]],
    now: datetime,
) -> LabelFault | None:
    if (wrong := wrong_moment(line.observed_at, payment.occurred_at, now)) is not None:
        return LabelFault(line.line, wrong.field, wrong.message)
    said = _said(line)
    own = [(number, other) for number, other in in_file if other.source == said.source]
    for number, other in own:
        if other.observed_at == said.observed_at and other.is_fraud != said.is_fraud:
            return LabelFault(line.line, "label", f"Line {number} says the opposite, of the same moment.")
    if not is_repeated(said, [*recorded, *(other for _, other in own)]):
        return None
    same = [number for number, other in own if other.is_fraud == said.is_fraud]
    words = f"Line {same[-1]} says the same already." if same else "It is recorded: this source said the same."
    return LabelFault(line.line, "label", words)


def _said(line: LabelLine) -> Said:
    """It will be recorded after all that is, in the order of the lines."""
    return Said(UUID(int=_LATER + line.line), line.source, line.is_fraud, line.observed_at)
