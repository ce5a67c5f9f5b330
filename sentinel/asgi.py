"""The ASGI application: hot routes by the lean handler, the rest of the API with the little middleware it needs,
pages with Django's usual list.

Most of Django's middleware is synchronous, and each piece costs an asynchronous request a change of thread.
"""

import os
from typing import Any

import django
from django.core.handlers.asgi import ASGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel.settings")
os.environ.setdefault("SENTINEL_DB_POOL", "true")
django.setup(set_prefix=False)

# Settings must be ready first.
from scoring.services.decision_times import decision_times_finish  # noqa: E402
from scoring.services.predictions import predictions_finish  # noqa: E402
from scoring.services.warming import warm_up  # noqa: E402
from sentinel.api.lean import ApiHandler, LeanHandler, Message, Receive, Send  # noqa: E402
from sentinel.ops.connections import close_connections  # noqa: E402
from sentinel.ops.stopping import stop_watch  # noqa: E402

API_PATHS = ("/api/v1/", "/transaction")
# Answered by views that are asyncio from end to end (sentinel.api.hot.HotView).
HOT_PATHS = frozenset(
    {"/api/v1/transactions", "/transaction", "/api/v1/transactions/bulk", "/api/v1/score"},
)

_hot, _api, _pages = LeanHandler(), ApiHandler(), ASGIHandler()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    await _handler_of(scope)(scope, receive, send)


def _handler_of(scope: Message) -> Any:
    path = scope.get("path", "")
    if path in HOT_PATHS and scope["method"] == "POST":
        return _hot
    return _api if path.startswith(API_PATHS) else _pages


async def _live(receive: Receive, send: Send) -> None:
    """Warm up before the first request, hang up after the last."""
    while (await receive())["type"] == "lifespan.startup":
        stop_watch()
        await warm_up()
        await send({"type": "lifespan.startup.complete"})
    await predictions_finish()
    await decision_times_finish()
    await close_connections()
    await send({"type": "lifespan.shutdown.complete"})
