"""Decisions as a CSV file, page by page out of the database: it is never whole in memory."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.selectors.exporting import COLUMNS, Place, export_page
from dashboard.services.exporting import export_note
from dashboard.views.asked import asked
from sentinel.core.csv_files import csv_text

_BOM = "\ufeff"  # or spreadsheets take it for another encoding


@require_POST
def decisions_csv(request: HttpRequest) -> HttpResponseBase:
    """Of the period in the address. It is noted who took it, so it is asked for by a button and not by a link."""
    if not request.user.has_perm("dashboard.export_facts"):
        raise PermissionDenied
    now = timezone.now()
    wanted = asked(request.GET, now=now)
    if wanted.errors:
        return HttpResponseBadRequest(" ".join(wanted.errors.values()), content_type="text/plain; charset=utf-8")
    period = wanted.period
    export_note(start=period.start, end=period.end, actor=request.user.get_username(), now=now)
    headers = {"Content-Disposition": f'attachment; filename="decisions-{period.start:%Y-%m-%d}.csv"'}
    pages = _pages(period.start, period.end)
    return StreamingHttpResponse(pages, content_type="text/csv; charset=utf-8", headers=headers)


async def _pages(start: datetime, end: datetime) -> AsyncIterator[str]:
    yield _BOM + csv_text([COLUMNS])
    last: Place | None = (start, UUID(int=0))
    while last is not None:
        rows, last = await sync_to_async(export_page)(start, end, last)
        yield csv_text(rows)
