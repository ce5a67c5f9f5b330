"""How much of what files bring one person lets in alone, however many files there are.

The database keeps the same count up to 1,000: the trigger `imported_alone` on items.
"""

from datetime import datetime, timedelta

import psycopg
from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models import Count, Q, QuerySet

from rules.domain.lists import Source
from rules.models import List, ListImport, ListItem
from rules.services.list_changes import needs_second_person

_WITHIN = timedelta(days=1)
_IMPORTER_LOCK = 0x696D70  # "imp" in ASCII; the second half of the key is the person


def importer_lock(owner: str) -> None:
    """Waits for what else this person imports, until the database transaction ends. Take it before any list's row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_IMPORTER_LOCK, owner])


def import_takes_two(list_import: ListImport, now: datetime) -> bool:
    """Whether a second person has to approve what an import would add. Counted for sure under both locks."""
    left = list_import.counts["new"] - list_import.counts.get("added", 0)
    return needs_second_person(list_import.list) or exceeds_alone(
        owner=list_import.uploaded_by, item_list=list_import.list, items=max(left, 0), now=now
    )


def exceeds_alone(*, owner: str, item_list: List, items: int, now: datetime) -> bool:
    """Whether so many more items are more than nobody has to approve, on this list or by this person."""
    imported = ListItem.objects.filter(source=Source.IMPORT.value, approved_by="", created_at__gt=now - _WITHIN)
    counts = imported.aggregate(
        of_person=Count("pk", filter=Q(owner=owner)), of_list=Count("pk", filter=Q(list=item_list))
    )
    coming = ListImport.objects.filter(state=ListImport.State.APPLYING, approved_by="")
    of_person, of_list = (_left(coming.filter(which)) for which in (Q(uploaded_by=owner), Q(list=item_list)))
    most = max(counts["of_person"] + of_person, counts["of_list"] + of_list)
    return bool(most + items > settings.LIST_IMPORT_APPROVAL_LINES)


def is_alone_refusal(error: IntegrityError) -> bool:
    """Whether the database refused items because so many take two people."""
    cause = error.__cause__
    return isinstance(cause, psycopg.Error) and cause.diag.constraint_name == "list_items_imported_alone"


def _left(imports: QuerySet[ListImport]) -> int:
    """What imports under way have still to add."""
    return sum(max(counts["new"] - counts.get("added", 0), 0) for counts in imports.values_list("counts", flat=True))
