"""Undoing an import: what it added ends, by whoever added it; by two people where that loosens much.

An import only takes the place of items that had expired, so there is nothing to bring back.

    applied | refused → undoing → undone
    applied | refused → undo_asked → undoing, or back to what it was
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from ledger.services.card_numbers import card_numbers_refuse
from rules.domain.lists import Purpose
from rules.errors import ImportNotReady, OwnProposal
from rules.models import ListImport
from rules.services.list_changes import list_audit, list_changed, list_lock
from rules.services.list_import_limits import importer_lock
from rules.services.list_imports import State, list_import_lock
from sentinel.core.errors import FieldError, InvalidRequest

CHUNK_ITEMS = 10_000
_WITHIN = timedelta(days=1)


@transaction.atomic
def list_import_undo(*, actor: str, list_import: ListImport, note: str, now: datetime) -> ListImport.State:
    """Lets a worker end what the import added, or asks for a second person; the state says which.

    Errors: ImportNotReady, InvalidRequest. Locks: the import's row, the person, the list's row.
    """
    card_numbers_refuse(note=note)
    if not note.strip():
        raise InvalidRequest("Say why.", errors=[FieldError("note", "required", "Say why.")])
    locked = list_import_lock(list_import)
    if locked.state not in (State.APPLIED, State.REFUSED) or not locked.revisions:
        raise ImportNotReady(f"The import is {locked.get_state_display()}, so there is nothing to undo.")
    importer_lock(actor)
    list_lock(locked.list)
    locked.undo_takes_two = _takes_two(locked, actor, now)
    locked.undo_asked_by, locked.undo_asked_at, locked.undo_note = actor, now, note
    locked.undone_by = "" if locked.undo_takes_two else actor
    _save(locked, State.UNDO_ASKED if locked.undo_takes_two else State.UNDOING)
    _audit(actor, "list_import.undo_asked" if locked.undo_takes_two else "list_import.undoing", locked, now)
    return State(locked.state)


@transaction.atomic
def list_import_undo_approve(*, actor: str, list_import: ListImport, now: datetime) -> None:
    """Errors: ImportNotReady, OwnProposal. Locks: the import's row."""
    locked = _asked(list_import)
    if locked.undo_asked_by == actor:
        raise OwnProposal("Somebody else has to approve what you asked for.")
    locked.undone_by = actor
    _save(locked, State.UNDOING)
    _audit(actor, "list_import.undoing", locked, now)


@transaction.atomic
def list_import_undo_refuse(*, actor: str, list_import: ListImport, now: datetime) -> None:
    """What was added stays; whoever asked may take it back so, too. Errors: ImportNotReady."""
    locked = _asked(list_import)
    _save(locked, State.REFUSED if locked.note else State.APPLIED)  # whoever refused it after a stop said why
    _audit(actor, "list_import.undo_refused", locked, now)


@transaction.atomic
def list_import_end_chunk(list_import: ListImport, now: datetime) -> bool:
    """Ends the next items with one revision; whether there may be more. Locks: the import's row, then the list's."""
    locked = list_import_lock(list_import)
    if locked.state != State.UNDOING:
        return False
    item_list = list_lock(locked.list)
    item_list.revision += 1
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE rules_listitem
            SET removed_at = least(%(now)s, expires_at), removed_by = %(by)s, ended_revision = %(revision)s
            WHERE id IN (SELECT id FROM rules_listitem
                         WHERE list_id = %(list)s AND added_revision = ANY (%(added)s) AND source = 'import'
                             AND removed_at IS NULL
                         ORDER BY id LIMIT %(most)s)
            """,
            {
                "now": now,
                "by": locked.undo_asked_by,
                "revision": item_list.revision,
                "list": item_list.pk,
                "added": locked.revisions,
                "most": CHUNK_ITEMS,
            },
        )
        ended = cursor.rowcount
    if ended:
        list_changed(item_list, items=-ended)
    locked.counts["undone"] = locked.counts.get("undone", 0) + ended
    is_done = ended < CHUNK_ITEMS
    _save(locked, State.UNDONE if is_done else State.UNDOING)
    if is_done:
        _audit(locked.undone_by, "list_import.undone", locked, now)
    return not is_done


def _takes_two(locked: ListImport, actor: str, now: datetime) -> bool:
    """Ending what stops payments loosens: what took two people ends by two, and so does much within a day."""
    if locked.list.purpose == Purpose.ALLOW:
        return False
    alone = ListImport.objects.filter(
        state__in=[State.UNDOING, State.UNDONE], undo_takes_two=False, undo_asked_at__gt=now - _WITHIN
    )
    mine, on_list = (
        sum(counts.get("added", 0) for counts in alone.filter(which).values_list("counts", flat=True))
        for which in (Q(undo_asked_by=actor), Q(list=locked.list))
    )
    much = max(mine, on_list) + locked.counts.get("added", 0) > settings.LIST_IMPORT_APPROVAL_LINES
    return bool(locked.approved_by) or much


def _asked(list_import: ListImport) -> ListImport:
    locked = list_import_lock(list_import)
    if locked.state != State.UNDO_ASKED:
        raise ImportNotReady(f"The import is {locked.get_state_display()}.")
    return locked


def _save(locked: ListImport, state: ListImport.State) -> None:
    locked.state = state
    names = ("state", "counts", "undo_takes_two", "undo_asked_by", "undo_asked_at", "undo_note", "undone_by")
    locked.save(update_fields=names)


def _audit(actor: str, action: str, locked: ListImport, now: datetime) -> None:
    items = {name: locked.counts[name] for name in ("added", "undone") if name in locked.counts}
    list_audit(actor, action, locked.list, now, list_import=locked.pk, note=locked.undo_note, **items)
