"""A line for each request, written together once a second: through logging each would cost as much as answering it.

All that stands in a line is ours or was checked: templates, numbers, ids of a bounded shape. So nothing has to be
masked, and nobody can put a line of theirs between.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from django.conf import settings

from sentinel.ops.request_meter import FinishedRequest

SLOW_MS = 500
LOGGER = "sentinel.requests"


def requests_log(finished: Sequence[FinishedRequest]) -> None:
    """To the standard error stream, as all other lines."""
    wanted = finished if settings.REQUEST_LOG == "all" else [each for each in finished if _is_unusual(each)]
    if settings.REQUEST_LOG == "none" or not wanted:
        return
    line = _json_line if settings.LOG_FORMAT == "json" else _plain_line
    sys.stderr.write("".join(map(line, wanted)))
    sys.stderr.flush()


def _is_unusual(request: FinishedRequest) -> bool:
    return request.status >= 400 or request.milliseconds >= SLOW_MS


def _level(request: FinishedRequest) -> str:
    return "error" if request.status >= 500 else "info"


def _json_line(request: FinishedRequest) -> str:
    content = {
        "timestamp": datetime.fromtimestamp(request.at_seconds, UTC),
        "level": _level(request),
        "logger": LOGGER,
        "event": "request",
        "request_id": request.request_id,
        "client": request.client_id.hex if request.client_id else None,
        "method": request.method,
        "route": request.route,
        "status": request.status,
        "code": request.code or None,
        "latency_ms": round(request.milliseconds, 2),
    }
    return orjson.dumps(content, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE).decode()


def _plain_line(request: FinishedRequest) -> str:
    at = f"{datetime.fromtimestamp(request.at_seconds, UTC):%Y-%m-%d %H:%M:%S}"
    client = f" client={request.client_id.hex}" if request.client_id else ""
    return (
        f"{at} {_level(request).upper()} {LOGGER} {request.method} {request.route} {request.status}"
        f"{' ' + request.code if request.code else ''} {request.milliseconds:.1f} ms{client} {request.request_id}\n"
    )
