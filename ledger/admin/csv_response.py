"""Long tables as files, page by page out of the database: they are never whole in memory."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse

ROWS_PER_PAGE = 5_000
_BOM = "\ufeff"  # or spreadsheets take it for another encoding


Rows = list[tuple[str, ...]]
# The next rows of a table, after the last one that was read; None to begin with.
ReadPage = Callable[[tuple[str, ...] | None], Rows]


def csv_response(file_name: str, columns: tuple[str, ...], read: ReadPage) -> StreamingHttpResponse:
    """Cells that would begin a formula are the caller's to make safe (`safe_row`)."""
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(_pages(columns, read), content_type="text/csv; charset=utf-8", headers=headers)


async def _pages(columns: tuple[str, ...], read: ReadPage) -> AsyncIterator[str]:
    yield _BOM + csv_text([columns])
    last = None
    while rows := await sync_to_async(read)(last):
        last = rows[-1]
        yield csv_text(rows)


def csv_text(rows: Sequence[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
