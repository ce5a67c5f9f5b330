"""Alerts that clients raise."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ledger.models import BankEvent
from ledger.services.bank_events import bank_event_write
from sentinel.core.clients import ClientIdentity


def alert_raise(
    *, client: ClientIdentity, event_type: str, subject: str, payload: Mapping[str, Any], now: datetime
) -> BankEvent | None:
    """The event that people and subscribers are told of; None for a test client, of whom nobody is told."""
    if not client.livemode:
        return None
    told = {**payload, "client": client.name}
    return bank_event_write(event_type=event_type, subject=subject, payload=told, now=now)
