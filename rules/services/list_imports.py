"""What people do with an import: upload a file, approve it, apply it, stop it, refuse it.

The work itself, checking and adding, is in list_import_work; a worker does it, and finds out by the state what is
wanted. The states:

    uploaded → checking → checked | awaiting_approval | failed
    checked | awaiting_approval | stopped → applying → applied
    applying → stopped        all but the ended ones → refused
    checked | stopped | applying → awaiting_approval, when too much was imported since by one person
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings
from django.db import transaction

from ledger.services.card_numbers import card_numbers_refuse
from rules.errors import ImportNotReady, OwnProposal
from rules.models import List, ListImport, ListImportFault, ListImportLine, ListImportPart
from rules.services.list_changes import list_audit, list_lock
from rules.services.list_import_limits import import_takes_two, importer_lock
from rules.services.lists import reason_read
from sentinel.core.csv_files import UnusableFile, first_card_number
from sentinel.core.errors import FieldError, InvalidRequest

State = ListImport.State
UNDER_WAY = (State.UPLOADED, State.CHECKING, State.APPLYING, State.UNDOING)
ENDED = (State.APPLIED, State.REFUSED, State.FAILED, State.UNDO_ASKED, State.UNDOING, State.UNDONE)

_PART_BYTES = 1024 * 1024


def list_import_upload(
    *,
    actor: str,
    item_list: List,
    file_name: str,
    content: Iterable[bytes],
    reason: str,
    expires_at: datetime | None,
    now: datetime,
) -> ListImport:
    """Keeps a file to be checked; nothing of it is on the list yet.

    Errors: UnusableFile for what is empty, too large or holds a full card number, InvalidRequest. Nothing is kept.
    """
    card_numbers_refuse(file_name=file_name)
    reason = reason_read(reason)
    if not reason:
        raise InvalidRequest("Say why.", errors=[FieldError("reason", "required", "Say why.")])
    if expires_at and expires_at <= now:
        words = "Choose a moment in the future, or leave it empty."
        raise InvalidRequest(words, errors=[FieldError("expires_at", "expired", words)])
    parts = list(_parts(content))
    if (line := first_card_number(parts)) is not None:
        raise UnusableFile(
            f"Line {line} holds a full card number. The file was not kept. Use the cards' tokens instead."
        )
    kept = ListImport(
        list=item_list,
        file_name=file_name[:200],
        file_sha256=_sha256(parts),
        size_bytes=sum(map(len, parts)),
        reason=reason,
        expires_at=expires_at,
        uploaded_by=actor,
        uploaded_at=now,
    )
    _keep(kept, parts, now)
    return kept


@transaction.atomic
def _keep(kept: ListImport, parts: list[bytes], now: datetime) -> None:
    kept.save()
    ListImportPart.objects.bulk_create(
        (ListImportPart(list_import=kept, number=number, content=part) for number, part in enumerate(parts)),
        batch_size=8,
    )
    details: dict[str, str | int] = {"sha256": kept.file_sha256, "size_bytes": kept.size_bytes}
    _audit(kept.uploaded_by, "list_import.uploaded", kept, now, **details)


def _sha256(parts: list[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _parts(content: Iterable[bytes]) -> Iterator[bytes]:
    """The file cut behind line ends, each part about a megabyte. Errors: UnusableFile."""
    waiting, size = b"", 0
    for block in content:
        size += len(block)
        if size > settings.LIST_IMPORT_BYTES_MAX:
            largest = settings.LIST_IMPORT_BYTES_MAX
            raise UnusableFile(f"The file is larger than {largest:,} bytes. Split it, and upload the parts.")
        whole, end, rest = block.rpartition(b"\n")
        if not end and len(waiting) > _PART_BYTES:
            raise UnusableFile("A line of the file is longer than a megabyte: this is no list of values.")
        if end and len(waiting) + len(whole) >= _PART_BYTES:
            yield waiting + whole + end
            waiting = rest
        else:
            waiting += block
    if not size:
        raise UnusableFile("The file is empty.")
    if waiting:
        yield waiting


@transaction.atomic
def list_import_apply(*, actor: str, list_import: ListImport, now: datetime) -> ListImport.State:
    """Lets a worker add the lines; after a stop, those that are missing. Its approval, too, where one was asked for.

    The state: it waits for a second person, when one is needed since it was checked.
    Errors: ImportNotReady, OwnProposal. Locks: the import's row, the importer, the list's row.
    """
    locked = list_import_lock(list_import)
    if locked.state not in (State.CHECKED, State.AWAITING_APPROVAL, State.STOPPED):
        raise ImportNotReady(f"The import is {locked.get_state_display()}.")
    if not locked.counts.get("new"):
        raise ImportNotReady("There is nothing to add: no line of the file is new and without a fault.")
    importer_lock(locked.uploaded_by)
    list_lock(locked.list)
    if not locked.needs_approval and import_takes_two(locked, now):
        return list_import_hold(locked, now)
    if locked.needs_approval and not locked.approved_by:
        if actor == locked.uploaded_by:
            raise OwnProposal("Somebody else has to approve what you uploaded.")
        locked.approved_by, locked.approved_at = actor, now
    if locked.state != State.STOPPED:
        locked.lines_done = 0
    locked.state = State.APPLYING
    locked.save(update_fields=["state", "approved_by", "approved_at", "lines_done"])
    _audit(actor, "list_import.started", locked, now, **_counts(locked))
    return State.APPLYING


def list_import_hold(locked: ListImport, now: datetime) -> ListImport.State:
    """It waits for a second person from now on. Call while holding the import's row."""
    locked.state, locked.needs_approval = State.AWAITING_APPROVAL, True
    locked.save(update_fields=["state", "needs_approval"])
    _audit(locked.uploaded_by, "list_import.held", locked, now, **_counts(locked))
    return State.AWAITING_APPROVAL


@transaction.atomic
def list_import_stop(*, actor: str, list_import: ListImport, now: datetime) -> None:
    """What was added stays on the list; the rest waits. Errors: ImportNotReady."""
    locked = list_import_lock(list_import)
    if locked.state != State.APPLYING:
        raise ImportNotReady(f"The import is {locked.get_state_display()}.")
    locked.state = State.STOPPED
    locked.save(update_fields=["state"])
    _audit(actor, "list_import.stopped", locked, now, lines_done=locked.lines_done)


@transaction.atomic
def list_import_refuse(*, actor: str, list_import: ListImport, note: str, now: datetime) -> None:
    """Ends an import for good; what a stopped one has added stays. Errors: ImportNotReady, InvalidRequest."""
    card_numbers_refuse(note=note)
    if not note.strip():
        raise InvalidRequest("Say why.", errors=[FieldError("note", "required", "Say why.")])
    locked = list_import_lock(list_import)
    if locked.state in (*ENDED, State.APPLYING):
        raise ImportNotReady(f"The import is {locked.get_state_display()}.")
    list_import_end(locked, State.REFUSED, actor=actor, note=note, now=now)


def list_import_lock(list_import: ListImport) -> ListImport:
    return ListImport.objects.select_for_update(of=("self",)).select_related("list").get(pk=list_import.pk)


def list_import_end(locked: ListImport, state: ListImport.State, *, actor: str, note: str, now: datetime) -> None:
    """Writes what became of it, and lets go of what was kept for it. Call while holding the import's row."""
    locked.state, locked.ended_by, locked.ended_at, locked.note = state, actor, now, note
    locked.save(
        update_fields=["state", "ended_by", "ended_at", "note", "errors", "counts", "lines_done", "revisions"]
    )
    for model in (ListImportPart, ListImportLine, ListImportFault):
        model._base_manager.filter(list_import=locked)._raw_delete(using="default")
    _audit(actor, f"list_import.{state.value}", locked, now, note=note, sha256=locked.file_sha256, **_counts(locked))


def _counts(locked: ListImport) -> dict[str, int]:
    return {name: number for name, number in locked.counts.items() if isinstance(number, int)}


def _audit(actor: str, action: str, kept: ListImport, now: datetime, **details: str | int) -> None:
    list_audit(actor, action, kept.list, now, list_import=kept.pk, **details)
