"""Pages of other origins may call the API: those that SENTINEL_CORS_ORIGINS names, exactly, and no other.

Around the handlers, so that hot and other routes answer alike; and not there at all while no origin is named. Who
calls is told by a header, never by a cookie: no browser is ever allowed to send credentials of its own.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from sentinel.api.lean import Message, Receive, Send

Application = Callable[[Any, Any, Any], Awaitable[None]]

PREFLIGHT_SECONDS = 600  # how long a browser may remember the answer
_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_REQUEST_HEADERS = b"accept, authorization, content-type, idempotency-key, x-api-key, x-request-id"
_ANSWER_HEADERS = b"Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-ID"
# What is answered differs by origin, whether or not one was sent.
_VARY = (b"Vary", b"Origin")


def with_cors(application: Application, origins: Iterable[str]) -> Application:
    """The application that also answers pages of these origins; the application itself when there are none."""
    allowed = frozenset(origin.encode() for origin in origins)
    return _Cors(application, allowed) if allowed else application


class _Cors:
    def __init__(self, application: Application, allowed: frozenset[bytes]) -> None:
        self._application, self._allowed = application, allowed

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        origin = _header(scope, b"origin")
        if origin not in self._allowed:
            await self._application(scope, receive, _adding(send, [_VARY]))
        elif scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method"):
            await _answer_preflight(origin, send)
        else:
            told = (b"Access-Control-Expose-Headers", _ANSWER_HEADERS)
            await self._application(scope, receive, _adding(send, [_VARY, _allow(origin), told]))


def _header(scope: Message, name: bytes) -> bytes:
    """The value; empty when it was not sent once."""
    values = [value for each, value in scope["headers"] if each == name]
    return values[0] if len(values) == 1 else b""


def _allow(origin: bytes) -> tuple[bytes, bytes]:
    return b"Access-Control-Allow-Origin", origin


def _adding(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def send_with(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return send_with


async def _answer_preflight(origin: bytes, send: Any) -> None:
    """A browser asks before it sends what a form could not. It shows no credentials, so nobody is asked for any."""
    headers = [
        _VARY,
        _allow(origin),
        (b"Access-Control-Allow-Methods", _METHODS),
        (b"Access-Control-Allow-Headers", _REQUEST_HEADERS),
        (b"Access-Control-Max-Age", b"%d" % PREFLIGHT_SECONDS),
        (b"X-Content-Type-Options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
