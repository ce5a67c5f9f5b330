"""Django's handler without what the hottest routes have no use for.

Left out: the executor and the two tasks of each request, the spooled body, the request signals and the closing of
the response in a thread. What remains is Django's request, URL configuration, exception handling and response.

The price: nothing returns a database connection of Django's after the request. So views behind this handler use no
ORM on the event loop, and their work is plain asyncio from end to end.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import lru_cache
from io import BytesIO
from time import perf_counter
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.exception import convert_exception_to_response, response_for_exception
from django.urls import get_resolver

from sentinel.api.middleware import api_headers, security_headers
from sentinel.core.clients import ClientIdentity
from sentinel.ops.measuring import code_of, measured
from sentinel.ops.request_ids import request_id_begin
from sentinel.ops.request_meter import meter

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

_BODY_BYTES_MAX = max(settings.API_BODY_BYTES_MAX, settings.API_BULK_BYTES_MAX)


class ApiHandler(ASGIHandler):
    """Django's handler without sessions, CSRF and messages, which the API does not use."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        answer: Any = convert_exception_to_response(self._get_response_async)  # type: ignore[attr-defined]
        self._middleware_chain = measured(api_headers(answer))


class LeanRequest(ASGIRequest):
    """A request whose body has arrived. What hot views do without is made when it is first asked for."""

    client: ClientIdentity | None = None  # as soon as it is known who calls

    def __init__(self, scope: Message, body: bytes) -> None:
        self.scope, self.method, self.path, self.path_info = scope, scope["method"], scope["path"], scope["path"]
        self._body = body
        self._values: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            self._values[name] = self._values[name] + b"," + value if name in self._values else value
        scope["query_string"].decode()  # UnicodeDecodeError is answered with 400

    def header(self, name: bytes) -> str:
        """The header of this name in small letters, as Django puts it into META; empty when it was not sent."""
        return self._values.get(name, b"").decode("latin-1")

    @property
    def address(self) -> str:
        """Where the request comes from, as Django's REMOTE_ADDR; empty for a Unix socket."""
        caller = self.scope.get("client")
        return caller[0] if caller else ""

    def __getattr__(self, name: str) -> Any:
        """META, and all that Django makes along with it."""
        if "META" in self.__dict__:
            raise AttributeError(name)
        super().__init__(self.scope, BytesIO(self._body))
        return getattr(self, name)


class ReadyResponse(NamedTuple):
    """As it is sent, but for the headers that every response has."""

    status: int
    headers: list[tuple[bytes, bytes]]
    content: bytes


class LeanHandler(ApiHandler):
    """For asynchronous views whose responses are finished when they return them."""

    request_class = LeanRequest

    def load_middleware(self, is_async: bool = False) -> None:
        self._security_headers = encoded_headers(security_headers())

    async def _answer(self, request: Any) -> Any:
        try:
            return await _view_at(request.path)(request)
        except Exception as error:
            return await sync_to_async(response_for_exception, thread_sensitive=False)(request, error)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body: Any = await _read_body(receive)
        if body is None:
            return
        request: Any
        request, refused = self.create_request(scope, body)
        request_id, begun = request_id_begin(request.header(b"x-request-id") if request else ""), perf_counter()
        meter.in_flight += 1
        try:
            response = await self._answer(request) if request else refused
            status, headers, content = response if isinstance(response, ReadyResponse) else _ready(response)
            own = ((b"X-Request-ID", request_id.encode()), (b"Content-Length", b"%d" % len(content)))
            await send(
                {
                    "type": "http.response.start",
                    "status": status,
                    "headers": [*headers, *self._security_headers, *own],
                }
            )
            await send({"type": "http.response.body", "body": content})
        finally:
            meter.in_flight -= 1
        client_id = request.client.client_id if request and request.client else None
        code = code_of(response) if status >= 400 else ""
        meter.finish(begun, scope["path"], scope["method"], status, request_id, client_id, code)


@lru_cache
def _view_at(path: str) -> Callable[[LeanRequest], Awaitable[Any]]:
    """The hot paths are few, and none has a variable part."""
    view = get_resolver().resolve(path).func
    return getattr(getattr(view, "cls", None), "answer_lean", view)


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body, or its beginning when it is larger than any may be. None when the client has hung up."""
    parts: list[bytes] = []
    room = _BODY_BYTES_MAX
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        room -= len(parts[-1])
        if room < 0 or not message.get("more_body", False):
            return b"".join(parts)


def _ready(response: Any) -> ReadyResponse:
    """A response of Django's."""
    return ReadyResponse(response.status_code, encoded_headers(response.headers), response.content)


def encoded_headers(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()]
