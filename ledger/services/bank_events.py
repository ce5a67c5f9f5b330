"""Events about the bank's own system: written with what they tell of, like those of payments."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from ledger.models import BankEvent, OutboxPending
from sentinel.core.ids import uuid7


@transaction.atomic
def bank_event_write(*, event_type: str, subject: str, payload: Mapping[str, Any], now: datetime) -> BankEvent:
    """The event, and its row that waits to be handed out: both or neither."""
    event = BankEvent.objects.create(
        id=uuid7(), type=event_type, subject=subject, payload=dict(payload), recorded_at=now
    )
    OutboxPending.objects.create(event_id=event.id, created_at=now)
    return event
