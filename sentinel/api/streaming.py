"""Files that are sent block by block: they are never whole in memory."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse


def csv_stream(blocks: Iterator[bytes], file_name: str) -> StreamingHttpResponse:
    """As a download. Cells that would begin a formula are the caller's to make safe."""
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(_sent(blocks), content_type="text/csv; charset=utf-8", headers=headers)


async def _sent(blocks: Iterator[bytes]) -> AsyncIterator[bytes]:
    read = sync_to_async(lambda: next(blocks, None), thread_sensitive=False)
    while (block := await read()) is not None:
        yield block
