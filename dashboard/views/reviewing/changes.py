"""A stream that says when the queue has changed; what has, the page asks for itself."""

from collections.abc import AsyncIterator
from time import monotonic

from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_GET

from dashboard.views.reviewing.watching import listeners, watching

STREAMS_MAX = 200  # per web process
LIFE_SECONDS = 300.0
HEARTBEAT_SECONDS = 15.0
_RETRY_SECONDS = 1
# nginx hands on what it gets instead of gathering it.
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


@require_GET
def changes(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events. Each is the mark of the queue: at first as it is now, then after each change. The stream
    ends after some minutes, and the browser comes back, which is when the permission is asked again.
    """
    if not request.user.has_perm("ledger.view_case"):
        raise PermissionDenied
    if not isinstance(request, ASGIRequest):  # such a server would give a thread to each open page
        return HttpResponse(status=204)
    if listeners() >= STREAMS_MAX:
        words = "Too many pages are open to keep all of them up to date. Load the page again to see what is new."
        return HttpResponse(
            words, status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": "30"}
        )
    close_old_connections()  # or the stream would keep one of the pool's few for all of its life
    return StreamingHttpResponse(_events(), content_type="text/event-stream", headers=_HEADERS)


async def _events() -> AsyncIterator[str]:
    end, seen = monotonic() + LIFE_SECONDS, ""
    yield f"retry: {1000 * _RETRY_SECONDS}\n\n"
    async with watching() as watch:
        while monotonic() < end and not watch.is_over:
            if watch.mark != seen:
                seen = watch.mark
                yield f"id: {seen}\nevent: changed\ndata: queue\n\n"
            else:
                yield ": nothing new\n\n"
            await watch.change(seen, seconds=HEARTBEAT_SECONDS)
