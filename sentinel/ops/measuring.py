"""The middleware that gives each request its id and notes how it was answered. The lean handler does so by itself."""

from functools import lru_cache
from inspect import iscoroutinefunction
from time import perf_counter
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware

from sentinel.core.clients import ClientIdentity
from sentinel.ops.request_ids import HEADER, request_id_begin, request_id_now
from sentinel.ops.request_meter import METHODS, meter

UNKNOWN, STATIC, OTHER = "unknown", "/static/", "OTHER"


@sync_and_async_middleware
def measured(get_response: Any) -> Any:
    """The outermost, so that what other middleware answers is noted too."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> Any:
            request_id, begun = _begin(request)
            try:
                return _end(request, await get_response(request), request_id, begun)
            finally:
                _over()

        return handle_async

    def handle(request: HttpRequest) -> Any:
        request_id, begun = _begin(request)
        try:
            return _end(request, get_response(request), request_id, begun)
        finally:
            _over()

    return handle


def _begin(request: HttpRequest) -> tuple[str, float]:
    meter.in_flight += 1
    return request_id_begin(request.headers.get(HEADER, "")), perf_counter()


def _over() -> None:
    meter.in_flight -= 1
    request_id_now.set("")  # a thread that answers has more to do


def _end(request: HttpRequest, response: Any, request_id: str, begun: float) -> Any:
    response.headers[HEADER] = request_id
    method = request.method if request.method in METHODS else OTHER
    code = code_of(response)
    meter.finish(begun, route_of(request), method, response.status_code, request_id, client_id_of(request), code)
    return response


def client_id_of(request: Any) -> UUID | None:
    """Looked at without asking: of a person, asking would read the session."""
    user = request.__dict__.get("user")
    return user.client_id if type(user) is ClientIdentity else None


def code_of(response: Any) -> str:
    """Of a refusal that is problem+json."""
    content = getattr(response, "data", None)
    return str(content.get("code", "")) if isinstance(content, dict) and response.status_code >= 400 else ""


def route_of(request: HttpRequest) -> str:
    if request.resolver_match is not None:
        return route_label(request.resolver_match.route)
    return STATIC if request.path.startswith(settings.STATIC_URL) else UNKNOWN


@lru_cache(maxsize=1024)
def route_label(route: str) -> str:
    """The template of an address, with its places in braces; of the Admin only the room, or there were hundreds."""
    parts = [_place(part) for part in route.removesuffix("/").split("/")]
    if parts[0] == "admin":
        return f"/admin/{parts[1]}/" if len(parts) > 1 and parts[1].replace("-", "_").isidentifier() else "/admin/"
    return "/" + "/".join(parts)


def _place(part: str) -> str:
    """`<uuid:job_id>` is `{job_id}`."""
    return f"{{{part[1:-1].rpartition(':')[2]}}}" if part.startswith("<") else part
