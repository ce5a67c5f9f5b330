"""The body of an event as it is sent and as it is pulled: the same bytes each time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from sentinel.core.ids import public_id

# Raised when a field changes its meaning or goes; added fields leave it as it is.
VERSION = 1


def event_public_id(event_id: UUID) -> str:
    """The name of an event everywhere outside, and the `webhook-id` of all its deliveries."""
    return public_id("evt", event_id)


def event_json(
    *,
    event_id: UUID,
    event_type: str,
    recorded_at: datetime,
    livemode: bool,
    data: Mapping[str, Any],
    sequence: int | None = None,
) -> dict[str, Any]:
    """`sequence` counts the events of one transaction from 1: deliveries may arrive in any order."""
    return {
        "id": event_public_id(event_id),
        "type": event_type,
        "version": VERSION,
        "timestamp": recorded_at.isoformat().replace("+00:00", "Z"),
        "livemode": livemode,
        "sequence": sequence,
        "data": dict(data),
    }


def event_body(event: Mapping[str, Any]) -> str:
    return orjson.dumps(event).decode()
