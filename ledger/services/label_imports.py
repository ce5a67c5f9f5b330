"""A file of labels from the Admin: uploaded, checked by a worker, looked at, and added by a worker.

uploaded → checked → applying → applied
uploaded → failed        checked → refused        applying → checked, when faults came up meanwhile
"""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from django.conf import settings
from django.db import transaction

from ledger.errors import LabelImportNotReady, LabelRepeated
from ledger.models import LabelImport
from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.label_files import LabelsChecked, labels_add, labels_check
from sentinel.core.csv_files import UnusableFile, first_card_number, unpacked

State = LabelImport.State
UNDER_WAY = (State.UPLOADED, State.APPLYING)
FAULTS_KEPT = 1_000
WORKER = "worker"


@transaction.atomic
def label_import_upload(*, actor: str, file_name: str, content: Iterable[bytes], now: datetime) -> LabelImport:
    """Keeps a file to be checked; none of its labels is recorded yet.

    Errors: UnusableFile for what is empty, too large, damaged or holds a full card number, InvalidRequest for its
    name. Nothing is kept.
    """
    card_numbers_refuse(file_name=file_name)
    data = file_read(content)
    kept = LabelImport.objects.create(
        file_name=file_name[:200],
        file_sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        content=data,
        uploaded_by=actor,
        uploaded_at=now,
    )
    _audit(actor, "uploaded", kept, now)
    return kept


def file_read(content: Iterable[bytes]) -> bytes:
    """A file of labels, unpacked. Errors: UnusableFile."""
    data = b"".join(unpacked(content, bytes_max=settings.LABEL_IMPORT_BYTES_MAX))
    if not data:
        raise UnusableFile("The file is empty.")
    if (line := first_card_number([data])) is not None:
        raise UnusableFile(f"Line {line} holds a full card number. The file was not kept. Take the number out.")
    return data


@transaction.atomic
def label_import_apply(*, actor: str, label_import: LabelImport, leave_out_faulty: bool, now: datetime) -> None:
    """Lets a worker add the labels. Errors: LabelImportNotReady. Locks: the import's row."""
    locked = _locked(label_import)
    if locked.state != State.CHECKED:
        raise LabelImportNotReady(f"The import is {locked.get_state_display()}.")
    if not locked.counts["new"]:
        raise LabelImportNotReady("There is nothing to add: no line of the file is new and without a fault.")
    if locked.counts["faulty"] and not leave_out_faulty:
        raise LabelImportNotReady("Some lines cannot be added. Say that they may be left out, or correct the file.")
    locked.state, locked.leaves_out_faulty = State.APPLYING, leave_out_faulty
    locked.ended_by = actor
    locked.save(update_fields=["state", "leaves_out_faulty", "ended_by"])
    _audit(actor, "started", locked, now)


@transaction.atomic
def label_import_refuse(*, actor: str, label_import: LabelImport, now: datetime) -> None:
    """Throws the file away. Errors: LabelImportNotReady. Locks: the import's row."""
    locked = _locked(label_import)
    if locked.state not in (State.UPLOADED, State.CHECKED):
        raise LabelImportNotReady(f"The import is {locked.get_state_display()}.")
    locked.ended_by = actor
    _end(locked, State.REFUSED, now)


def label_imports_under_way() -> list[int]:
    return list(LabelImport.objects.filter(state__in=UNDER_WAY).values_list("pk", flat=True))


@transaction.atomic
def label_import_work(*, import_id: int, now: datetime) -> str:
    """Checks what was uploaded, or adds what was checked; the state afterwards. When it is cut off, nothing of it was
    done. Locks: the import's row; while another worker has it, there is nothing to do.
    """
    wanted = LabelImport.objects.filter(pk=import_id, state__in=UNDER_WAY)
    locked = wanted.select_for_update(skip_locked=True).first()
    if locked is None:
        return "nothing to do"
    try:
        checked = labels_check([bytes(locked.content or b"")], now=now)
    except UnusableFile as error:
        locked.faults = [{"line": None, "column": "", "words": error.detail}]
        _end(locked, State.FAILED, now)
        return State.FAILED
    if locked.state == State.APPLYING and _add(locked, checked, now):
        return State.APPLIED
    _keep(locked, checked)
    locked.state, locked.ended_by = State.CHECKED, ""
    locked.save()
    return State.CHECKED


def _add(locked: LabelImport, checked: LabelsChecked, now: datetime) -> bool:
    """False, and nothing was added, when faults have come up that nobody has seen."""
    if checked.faults and not locked.leaves_out_faulty:
        return False
    try:
        labels_add(checked.new, actor=locked.ended_by, now=now)
    except LabelRepeated:
        return False
    _keep(locked, checked)
    _end(locked, State.APPLIED, now)
    return True


def _keep(locked: LabelImport, checked: LabelsChecked) -> None:
    locked.counts, locked.faults = checked.counts, [asdict(fault) for fault in checked.faults[:FAULTS_KEPT]]


def _locked(label_import: LabelImport) -> LabelImport:
    return LabelImport.objects.select_for_update().get(pk=label_import.pk)


def _end(locked: LabelImport, state: LabelImport.State, now: datetime) -> None:
    locked.state, locked.ended_at, locked.content = state, now, None
    locked.ended_by = locked.ended_by or WORKER
    locked.save()
    _audit(locked.ended_by, state.value, locked, now)


def _audit(actor: str, what: str, found: LabelImport, now: datetime) -> None:
    details = {"file": found.file_name, "sha256": found.file_sha256, **found.counts}
    subject = f"label_import:{found.pk}"
    audit_record(actor=actor, action=f"label_import.{what}", subject=subject, details=details, now=now)
