"""How lines of the log look: JSON for machines, or plain for a person. Both without card data and secrets.

structlog renders what the standard logging records, so that libraries and our own code are told alike.
"""

import logging
from collections.abc import MutableMapping
from typing import Any

import orjson
import structlog
from structlog.stdlib import ProcessorFormatter

from sentinel.core.masking import masked, on_one_line, printable
from sentinel.ops.request_ids import request_id_now

Event = MutableMapping[str, Any]


def formatter(log_format: str) -> logging.Formatter:
    """`json` or `plain`."""
    renderer = _json if log_format == "json" else _plain
    return ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            _add_request_id,
            structlog.processors.format_exc_info,
            mask_texts,
            renderer,
        ],
    )


def _add_request_id(logger: Any, method: str, event: Event) -> Event:
    if request_id := request_id_now.get():
        event["request_id"] = request_id
    return event


def mask_texts(logger: Any, method: str, event: Event) -> Event:
    """Each value, whatever it is: what a log does not show, nobody can read out of it."""
    return {name: _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if masked(str(value)) == str(value) else masked(str(value))
    return masked(str(value))


_FIRST = ("timestamp", "level", "logger", "event")


def _json(logger: Any, method: str, event: Event) -> str:
    """What is in each line comes first, as in the lines of requests."""
    first = {name: event.pop(name) for name in _FIRST if name in event}
    return orjson.dumps(first | dict(event)).decode()


def _plain(logger: Any, method: str, event: Event) -> str:
    """One line, and below it the traceback, indented so that no part of it looks like a line of its own."""
    at = str(event["timestamp"])[:19].replace("T", " ")
    head = f"{at} {str(event['level']).upper()} {event['logger']} {on_one_line(str(event['event']))}"
    if request_id := event.get("request_id"):
        head += f" {request_id}"
    told = printable(str(event.get("exception", "")))
    return "\n".join([head, *(f"  {line}" for line in told.splitlines())])
