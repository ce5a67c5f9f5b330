"""What is counted from the record itself, and what is forgotten."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from ledger.models import RecordMark
from ledger.selectors.settled import settled_until
from scoring.models import QualityCount, RefusedRequest
from sentinel.core.ids import first_uuid7_at

_MARK = "same-reference"
_CHUNK = timedelta(minutes=30)
_CHUNKS_MAX = 48  # of one run: a day
_REACH = timedelta(days=7)
# The payments of a stretch that carry a reference which the client gave another payment within the week before.
_ADD = """
INSERT INTO scoring_qualitycount AS known (client_id, day, kind, field, code, requests)
SELECT t.client_id, %(day)s, 'same_reference', '', '', count(*)
FROM ledger_transaction t
WHERE t.id >= %(first)s AND t.id < %(until)s AND t.reference IS NOT NULL AND EXISTS (
    SELECT FROM ledger_transaction earlier
    WHERE earlier.client_id = t.client_id AND earlier.reference = t.reference
        AND earlier.id < t.id AND earlier.id >= %(reach)s AND earlier.id < %(until)s
)
GROUP BY t.client_id ORDER BY t.client_id
ON CONFLICT (client_id, day, kind, field, code) DO UPDATE SET requests = known.requests + excluded.requests
"""
# All but the newest so many of each client.
_OVERFULL = """
DELETE FROM scoring_refusedrequest WHERE id IN (
    SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY client_id ORDER BY id DESC) AS place
                    FROM scoring_refusedrequest) numbered
    WHERE place > %s
)
"""


def same_references_count(*, now: datetime) -> None:
    """Counts on from where the last run ended to where every payment is known; the first run only says where."""
    until = settled_until(now)
    for _ in range(_CHUNKS_MAX):
        if not _count_next(until):
            break


@transaction.atomic
def _count_next(until: datetime) -> bool:
    """A stretch never crosses midnight. Locks: the mark."""
    RecordMark.objects.bulk_create([RecordMark(name=_MARK, read_until=until)], ignore_conflicts=True)
    mark = RecordMark.objects.select_for_update().get(name=_MARK)
    start = mark.read_until
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    end = min(until, start + _CHUNK, midnight)
    if end <= start:
        return False
    with connection.cursor() as cursor:
        bounds = {"first": _first_id(start), "until": _first_id(end), "reach": _first_id(start - _REACH)}
        cursor.execute(_ADD, {"day": start.date(), **bounds})
    mark.read_until = end
    mark.save()
    return True


def quality_forget(*, now: datetime) -> None:
    """Counts and refused requests past their time, and what is more than the last so many of a client."""
    QualityCount.objects.filter(day__lt=now.date() - timedelta(days=settings.QUALITY_DAYS)).delete()
    RefusedRequest.objects.filter(id__lt=_first_id(now - timedelta(days=settings.REFUSED_DAYS))).delete()
    with connection.cursor() as cursor:
        cursor.execute(_OVERFULL, [settings.REFUSED_KEPT])


def _first_id(moment: datetime) -> UUID:
    return first_uuid7_at(int(moment.timestamp() * 1000))
