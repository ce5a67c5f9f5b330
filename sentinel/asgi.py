"""The ASGI application: the API with the little middleware it needs, pages with Django's usual list.

Most of Django's middleware is synchronous, and each piece costs an asynchronous request a change of thread.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.exception import convert_exception_to_response

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel.settings")
os.environ.setdefault("SENTINEL_DB_POOL", "true")
django.setup(set_prefix=False)

from sentinel.api.middleware import api_headers  # noqa: E402 - settings must be ready first

API_PATHS = ("/api/v1/", "/transaction")


class ApiHandler(ASGIHandler):
    """Django's handler without sessions, CSRF and messages, which the API does not use."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware = []
        self._template_response_middleware = []
        self._exception_middleware = []
        self._middleware_chain = api_headers(convert_exception_to_response(self._get_response_async))


_api, _pages = ApiHandler(), ASGIHandler()

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    handler = _api if scope.get("path", "").startswith(API_PATHS) else _pages
    await handler(scope, receive, send)
