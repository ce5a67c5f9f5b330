"""Django's handler without what the hottest routes have no use for.

Left out: the executor and the two tasks of each request, the spooled body, the request signals and the closing of
the response in a thread. What remains is Django's request, URL configuration, exception handling and response.

The price: nothing returns a database connection of Django's after the request. So views behind this handler use no
ORM on the event loop, and their work is plain asyncio from end to end.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponseBase
from django.urls import ResolverMatch, get_resolver

from sentinel.api.middleware import api_headers

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


class ApiHandler(ASGIHandler):
    """Django's handler without sessions, CSRF and messages, which the API does not use."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        answer: Any = convert_exception_to_response(self._innermost())
        self._middleware_chain = api_headers(answer)

    def _innermost(self) -> Any:
        return self._get_response_async  # type: ignore[attr-defined]


class LeanRequest(ASGIRequest):
    """By its class a view knows that it was reached through the lean handler."""


class LeanHandler(ApiHandler):
    """For asynchronous views whose responses are finished when they return them."""

    request_class = LeanRequest

    def _innermost(self) -> Any:
        return self._view_response

    async def _view_response(self, request: HttpRequest) -> HttpResponseBase:
        view, arguments, named = _view_at(request.path_info)
        response: HttpResponseBase = await view(request, *arguments, **named)
        return response

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await _read_body(receive)
        if body is None:
            return
        request, refused = self.create_request(scope, BytesIO(body))
        await _send(await self._middleware_chain(request) if request else refused, send)


@lru_cache
def _view_at(path: str) -> ResolverMatch:
    """The hot paths are few, and none has a variable part."""
    return get_resolver().resolve(path)


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body, or its beginning when it is larger than any may be. None when the client has hung up."""
    parts: list[bytes] = []
    room = max(settings.API_BODY_BYTES_MAX, settings.API_BULK_BYTES_MAX)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        room -= len(parts[-1])
        if room < 0 or not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _send(response: Any, send: Send) -> None:
    response.headers["Content-Length"] = str(len(response.content))
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
