"""What a worker does with an import: check its file, and add its lines to the list chunk by chunk.

Both can be cut off at any moment and begun again. One worker at a time is at an import: it holds a lock that ends
with its connection.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from rules.domain.list_files import Defaults, FileLine, LineFault, read_lines
from rules.domain.lists import ItemType
from rules.models import ListImport, ListImportFault, ListImportLine, ListImportPart
from rules.services.list_changes import list_changed, list_lock
from rules.services.list_import_limits import import_takes_two, importer_lock, is_alone_refusal
from rules.services.list_import_undo import list_import_end_chunk
from rules.services.list_imports import UNDER_WAY, State, list_import_end, list_import_hold, list_import_lock
from rules.services.lists import EXPIRY
from sentinel.core.csv_files import UnusableFile

ERRORS_SHOWN = 100
CHUNK_LINES = 10_000
_WORK_LOCK = 0x6C6973  # "lis" in ASCII; the second half of the key is the import
WORKER = "worker"


def list_imports_under_way() -> list[int]:
    return list(ListImport.objects.filter(state__in=UNDER_WAY).values_list("pk", flat=True))


def list_import_work(import_id: int) -> str:
    """Does what the state asks for; nothing while another worker is at it. The state afterwards."""
    with _alone(import_id) as is_alone:
        wanted = ListImport.objects.select_related("list").filter(pk=import_id).first()
        if wanted is None or not is_alone:
            return "busy" if wanted else "gone"
        if wanted.state in (State.UPLOADED, State.CHECKING):
            _check(wanted)
        while wanted.state == State.APPLYING and _add_chunk(wanted):
            wanted.refresh_from_db(fields=["state"])
        while wanted.state == State.UNDOING and list_import_end_chunk(wanted, timezone.now()):
            pass
        wanted.refresh_from_db(fields=["state"])
        return wanted.state


@contextmanager
def _alone(import_id: int) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_WORK_LOCK, import_id])
        is_alone: bool = cursor.fetchone()[0]
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_WORK_LOCK, import_id])


def _check(wanted: ListImport) -> None:
    """The dry run: every line is read and counted, nothing is on the list."""
    with transaction.atomic():
        ListImportLine.objects.filter(list_import=wanted)._raw_delete(using="default")
        ListImportFault.objects.filter(list_import=wanted)._raw_delete(using="default")
        ListImport.objects.filter(pk=wanted.pk).exclude(state=State.REFUSED).update(
            state=State.CHECKING, lines_done=0
        )
    parts = ListImportPart.objects.filter(list_import=wanted).values_list("content", flat=True).iterator(1)
    defaults = Defaults(wanted.reason, wanted.expires_at, timezone.now())
    lines = read_lines(
        (bytes(part) for part in parts),
        ItemType(wanted.list.item_type),
        defaults,
        lines_max=settings.LIST_IMPORT_LINES_MAX,
    )
    lines_done = 0
    try:
        while batch := list(islice(lines, CHUNK_LINES)):
            _keep(wanted, batch)
            lines_done += len(batch)
            ListImport.objects.filter(pk=wanted.pk).update(lines_done=lines_done)
    except UnusableFile as error:
        _fail(wanted, error.detail)
        return
    _checked(wanted, lines_done, timezone.now())


def _keep(wanted: ListImport, batch: list[FileLine | LineFault]) -> None:
    good = [(wanted.pk, *astuple(line)) for line in batch if isinstance(line, FileLine)]
    faults = [(wanted.pk, *astuple(line)) for line in batch if isinstance(line, LineFault)]
    with transaction.atomic(), connection.cursor() as cursor:
        _copy(cursor, "rules_listimportline (list_import_id, line, value, reason, expires_at)", good)
        _copy(cursor, 'rules_listimportfault (list_import_id, line, "column", words)', faults)


def _copy(cursor: Any, table: str, rows: list[tuple[Any, ...]]) -> None:
    with cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


_COUNTS = """
    WITH file AS (
        SELECT value, count(*) AS lines FROM rules_listimportline WHERE list_import_id = %(id)s GROUP BY value
    )
    SELECT coalesce(sum(lines), 0), count(*),
           count(item.id) FILTER (WHERE item.expires_at IS NULL OR item.expires_at > %(now)s),
           count(item.id) FILTER (WHERE item.expires_at <= %(now)s)
    FROM file LEFT JOIN rules_listitem AS item
        ON item.list_id = %(list)s AND item.value = file.value AND item.removed_at IS NULL
"""


@transaction.atomic
def _checked(wanted: ListImport, lines: int, now: datetime) -> None:
    locked = list_import_lock(wanted)
    if locked.state != State.CHECKING:  # refused meanwhile
        return
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"id": locked.pk, "list": locked.list_id, "now": now})
        good, different, known, renewed = (int(number) for number in cursor.fetchone())
    locked.counts = {
        "lines": lines,
        "new": different - known,
        "renewed": renewed,
        "known": known,
        "repeated": good - different,
        "invalid": lines - good,
    }
    faults = locked.faults.values_list("line", "column", "words")[:ERRORS_SHOWN]
    locked.errors = [{"line": line, "column": column, "words": words} for line, column, words in faults]
    locked.needs_approval = import_takes_two(locked, now)
    locked.state = State.AWAITING_APPROVAL if locked.needs_approval else State.CHECKED
    locked.save(update_fields=["state", "counts", "errors", "needs_approval"])
    locked.parts.all()._raw_delete(using="default")


@transaction.atomic
def _fail(wanted: ListImport, words: str) -> None:
    locked = list_import_lock(wanted)
    if locked.state == State.CHECKING:
        locked.errors = [{"line": None, "column": "", "words": words}]
        list_import_end(locked, State.FAILED, actor=WORKER, note="", now=timezone.now())


# An array, so that the items are looked up by their values however little PostgreSQL knows of a list that just grew.
_CLOSE_EXPIRED = """
    UPDATE rules_listitem
    SET removed_at = expires_at, removed_by = %(expiry)s, ended_revision = %(revision)s
    WHERE list_id = %(list)s AND removed_at IS NULL AND expires_at <= %(now)s
      AND value = ANY (ARRAY(
        SELECT value FROM rules_listimportline
        WHERE list_import_id = %(id)s AND line > %(after)s AND line <= %(until)s
      ))
"""
# Of a value that stands there twice, the first line counts.
_ADD = """
    INSERT INTO rules_listitem
        (list_id, value, reason, source, owner, approved_by, created_at, expires_at, removed_by, added_revision)
    SELECT DISTINCT ON (value) %(list)s, value, reason, 'import', %(owner)s, %(approved_by)s, %(now)s, expires_at, '',
        %(revision)s
    FROM rules_listimportline
    WHERE list_import_id = %(id)s AND line > %(after)s AND line <= %(until)s
      AND (expires_at IS NULL OR expires_at > %(now)s)
    ORDER BY value, line
    ON CONFLICT (list_id, value) WHERE removed_at IS NULL DO NOTHING
"""


def _last_line_of_chunk(locked: ListImport) -> int | None:
    """None when no more than a chunk is left."""
    lines = locked.lines.filter(line__gt=locked.lines_done).values_list("line", flat=True)
    return next(iter(lines[CHUNK_LINES - 1 : CHUNK_LINES]), None)


@transaction.atomic
def _put(parameters: dict[str, str | int | datetime]) -> tuple[int, int]:
    """How many expired items made room, and how many were added."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_EXPIRED, parameters)
        closed = cursor.rowcount
        cursor.execute(_ADD, parameters)
        return closed, cursor.rowcount


@transaction.atomic
def _add_chunk(wanted: ListImport) -> bool:
    """Adds the next lines with one revision, unless somebody stopped it; whether there may be more.

    Locks: the import's row, the importer, then the list's row, for the length of a chunk.
    """
    locked = list_import_lock(wanted)
    if locked.state != State.APPLYING:
        return False
    importer_lock(locked.uploaded_by)
    until = _last_line_of_chunk(locked)
    item_list, now = list_lock(locked.list), timezone.now()
    item_list.revision += 1
    parameters: dict[str, str | int | datetime] = {
        "id": locked.pk,
        "list": item_list.pk,
        "after": locked.lines_done,
        "until": until if until is not None else 2**31 - 1,
        "now": now,
        "owner": locked.uploaded_by,
        "approved_by": locked.approved_by,
        "revision": item_list.revision,
        "expiry": EXPIRY,
    }
    try:
        closed, added = _put(parameters)
    except IntegrityError as error:  # more became new since the check than one person may let in
        if not is_alone_refusal(error):
            raise
        list_import_hold(locked, now)
        return False
    if added or closed:
        list_changed(item_list, items=added - closed)
    locked.counts["added"] = locked.counts.get("added", 0) + added
    locked.revisions += [item_list.revision] if added else []
    if until is not None:
        locked.lines_done = until
        locked.save(update_fields=["lines_done", "counts", "revisions"])
        return True
    locked.lines_done = locked.counts["lines"]
    list_import_end(locked, State.APPLIED, actor=WORKER, note="", now=now)
    return False
