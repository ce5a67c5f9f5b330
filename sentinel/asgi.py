"""The ASGI application: the API with the little middleware it needs, pages with Django's usual list.

Most of Django's middleware is synchronous, and each piece costs an asynchronous request a change of thread.
"""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel.settings")
os.environ.setdefault("SENTINEL_DB_POOL", "true")
django.setup(set_prefix=False)

# Settings must be ready first.
from scoring.services.warming import warm_up  # noqa: E402
from sentinel.api.middleware import api_headers  # noqa: E402
from sentinel.ops.connections import close_connections  # noqa: E402

API_PATHS = ("/api/v1/", "/transaction")


class ApiHandler(ASGIHandler):
    """Django's handler without sessions, CSRF and messages, which the API does not use."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        innermost: Any = convert_exception_to_response(self._get_response_async)  # type: ignore[attr-defined]
        self._middleware_chain = api_headers(innermost)


_api, _pages = ApiHandler(), ASGIHandler()

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    handler: Any = _api if scope.get("path", "").startswith(API_PATHS) else _pages
    await handler(scope, receive, send)


async def _live(receive: Receive, send: Send) -> None:
    """Warm up before the first request, hang up after the last."""
    while (await receive())["type"] == "lifespan.startup":
        await warm_up()
        await send({"type": "lifespan.startup.complete"})
    await close_connections()
    await send({"type": "lifespan.shutdown.complete"})
