"""The ASGI application: hot routes by the lean handler, the rest of the API with the little middleware it needs,
pages with Django's usual list.

Most of Django's middleware is synchronous, and each piece costs an asynchronous request a change of thread.
"""

import asyncio
import os
from contextlib import suppress
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentinel.settings")
os.environ.setdefault("SENTINEL_DB_POOL", "true")
django.setup(set_prefix=False)

# Settings must be ready first.

from dashboard.services.calls import calls_finish  # noqa: E402
from scoring.services.decision_times import decision_times_finish  # noqa: E402
from scoring.services.predictions import predictions_finish  # noqa: E402
from scoring.services.quality_counts import quality_counts_finish  # noqa: E402
from scoring.services.warming import warm_up  # noqa: E402
from sentinel import checks  # noqa: E402
from sentinel.api.cors import with_cors  # noqa: E402
from sentinel.api.key_use import key_uses  # noqa: E402
from sentinel.api.lean import ApiHandler, LeanHandler, Message, Receive, Send  # noqa: E402
from sentinel.api.upload_limit import body_bounded  # noqa: E402
from sentinel.ops.connections import close_connections  # noqa: E402
from sentinel.ops.kept_warnings import keep_warnings, warnings_finish  # noqa: E402
from sentinel.ops.request_meter import meter, metering  # noqa: E402
from sentinel.ops.stopping import stop_watch  # noqa: E402

checks.refuse_unfit()

API_PATHS = ("/api/v1/", "/transaction")
# Answered by views that are asyncio from end to end (sentinel.api.hot.HotView).
HOT_PATHS = frozenset(
    {"/api/v1/transactions", "/transaction", "/api/v1/transactions/bulk", "/api/v1/score"},
)

# Where files are sent to be scored, in the API and in the Admin.
UPLOAD_PATHS = frozenset({"/api/v1/jobs", "/admin/scoring/scorejob/upload/"})
_FORM_BYTES = 64 * 1024  # beside the file

_pages = ASGIHandler()
_hot, _api = (with_cors(handler(), settings.CORS_ORIGINS) for handler in (LeanHandler, ApiHandler))


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    handler = _handler_of(scope)
    if scope.get("path") in UPLOAD_PATHS:
        handler = body_bounded(handler, settings.JOB_BYTES_MAX + _FORM_BYTES)
    await handler(scope, receive, send)


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
        keep_warnings()
        counting = asyncio.create_task(metering())
        await send({"type": "lifespan.startup.complete"})
    counting.cancel()
    with suppress(asyncio.CancelledError):
        await counting
    meter.fold()
    await calls_finish()
    warnings_finish()
    await predictions_finish()
    await decision_times_finish()
    await quality_counts_finish()
    await sync_to_async(key_uses.write, thread_sensitive=False)()
    await close_connections()
    await send({"type": "lifespan.shutdown.complete"})
