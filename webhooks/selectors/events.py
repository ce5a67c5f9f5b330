"""Events of the ledger as they are told outside, whichever of its two tables they stand in."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from webhooks.domain.bodies import event_body, event_json


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """`client_id` is None for an event of the bank's own system, and so is the transaction."""

    id: UUID
    type: str
    recorded_at: datetime
    data: dict[str, Any]
    livemode: bool = True
    client_id: UUID | None = None
    transaction_id: UUID | None = None
    merchant_id: str | None = None
    sequence: int | None = None
    subject: str = ""

    @property
    def json(self) -> dict[str, Any]:
        return event_json(
            event_id=self.id,
            event_type=self.type,
            recorded_at=self.recorded_at,
            livemode=self.livemode,
            sequence=self.sequence,
            data=self.data,
        )

    @property
    def body(self) -> str:
        return event_body(self.json)


# The bounds tell PostgreSQL which months it can leave out; an event is never older than its payment.
_OF_PAYMENTS = """
SELECT e.id, e.type, e.recorded_at, e.payload, t.livemode, e.client_id, e.transaction_id, t.merchant_id, e.sequence
FROM ledger_event e JOIN ledger_transaction t ON t.id = e.transaction_id AND t.account_id = e.account_id
WHERE
"""
_OF_THE_BANK = "SELECT e.id, e.type, e.recorded_at, e.payload, e.subject FROM ledger_bankevent e WHERE"
_NOT_SENT = "NOT EXISTS (SELECT FROM webhooks_delivery d WHERE d.endpoint_id = %s AND d.event_id = e.id)"


def told_events(event_ids: Sequence[UUID]) -> list[ToldEvent]:
    """The events with these ids, in the order of their ids."""
    if not event_ids:
        return []
    bounds = (min(event_ids), max(event_ids))
    with connection.cursor() as cursor:
        cursor.execute(f"{_OF_PAYMENTS} e.id = ANY(%s) AND e.id BETWEEN %s AND %s", [list(event_ids), *bounds])
        found = [_of_payment(row) for row in cursor.fetchall()]
        cursor.execute(f"{_OF_THE_BANK} e.id = ANY(%s)", [list(event_ids)])
        found += [_of_the_bank(row) for row in cursor.fetchall()]
    return sorted(found, key=lambda event: event.id)


def client_events(
    *,
    client_id: UUID,
    after: UUID,
    until: UUID,
    limit: int,
    types: Iterable[str] = (),
    merchant_id: str = "",
    not_sent_to: UUID | None = None,
) -> list[ToldEvent]:
    """Events of the client's payments with ids after one and before another, oldest first, at most so many.

    `not_sent_to`: only those for which that endpoint has no delivery.
    """
    where, values = _bounds(after, until, types, not_sent_to)
    where, values = f"e.client_id = %s AND {where}", [client_id, *values]
    if merchant_id:
        where, values = f"{where} AND t.merchant_id = %s", [*values, merchant_id]
    with connection.cursor() as cursor:
        cursor.execute(f"{_OF_PAYMENTS} {where} ORDER BY e.id LIMIT %s", [*values, limit])
        return [_of_payment(row) for row in cursor.fetchall()]


def bank_events(
    *, after: UUID, until: UUID, limit: int, types: Iterable[str] = (), not_sent_to: UUID | None = None
) -> list[ToldEvent]:
    """Events of the bank's own system, in the same way."""
    where, values = _bounds(after, until, types, not_sent_to)
    with connection.cursor() as cursor:
        cursor.execute(f"{_OF_THE_BANK} {where} ORDER BY e.id LIMIT %s", [*values, limit])
        return [_of_the_bank(row) for row in cursor.fetchall()]


def _bounds(after: UUID, until: UUID, types: Iterable[str], not_sent_to: UUID | None) -> tuple[str, list[Any]]:
    where, values = "e.id > %s AND e.id < %s", list[Any]([after, until])
    if types := list(types):
        where, values = f"{where} AND e.type = ANY(%s)", [*values, types]
    if not_sent_to:
        where, values = f"{where} AND {_NOT_SENT}", [*values, not_sent_to]
    return where, values


def _of_payment(row: tuple[Any, ...]) -> ToldEvent:
    event_id, event_type, recorded_at, data, livemode, client_id, transaction_id, merchant_id, sequence = row
    return ToldEvent(
        event_id, event_type, recorded_at, _json(data), livemode, client_id, transaction_id, merchant_id, sequence
    )


def _of_the_bank(row: tuple[Any, ...]) -> ToldEvent:
    event_id, event_type, recorded_at, data, subject = row
    return ToldEvent(event_id, event_type, recorded_at, {"subject": subject} | _json(data), subject=subject)


def _json(value: Any) -> dict[str, Any]:
    """Django's cursors give JSON as text."""
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else value
    return found
