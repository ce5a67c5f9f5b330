"""Which endpoints are told of which events, and the rows of what they are sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from webhooks.domain.event_types import BANK_EVENTS, wants
from webhooks.models import Delivery, Endpoint
from webhooks.models.endpoints import EndpointState
from webhooks.selectors.events import ToldEvent


@dataclass(frozen=True, slots=True)
class Subscriber:
    """What of an endpoint and its client says whether it is told of an event."""

    endpoint_id: UUID
    client_id: UUID
    event_types: list[str]
    merchant_id: str
    livemode: bool
    hears_the_bank: bool

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        client = endpoint.client
        return cls(
            endpoint_id=endpoint.id,
            client_id=client.id,
            event_types=endpoint.event_types,
            merchant_id=endpoint.merchant_id,
            livemode=client.livemode,
            hears_the_bank=client.is_active and client.livemode and "alerts:read" in client.scopes,
        )

    def hears(self, event: ToldEvent) -> bool:
        if not wants(self.event_types, event.type):
            return False
        if event.type in BANK_EVENTS:
            return self.hears_the_bank and not self.merchant_id
        return event.client_id == self.client_id and self.merchant_id in ("", event.merchant_id)


def subscribers() -> list[Subscriber]:
    """All endpoints for which events are gathered: active or paused ones."""
    gathering = Endpoint.objects.filter(state__in=[EndpointState.ACTIVE, EndpointState.PAUSED])
    return [Subscriber.of(endpoint) for endpoint in gathering.select_related("client")]


def deliveries_add(pairs: Iterable[tuple[Subscriber, ToldEvent]], *, now: datetime) -> int:
    """A delivery for each, due now. One that is there already stays as it is. Returns how many are new."""
    rows = [
        Delivery(
            endpoint_id=subscriber.endpoint_id,
            event_id=event.id,
            event_type=event.type,
            transaction_id=event.transaction_id,
            body=event.body,
            next_attempt_at=now,
            created_at=now,
        )
        for subscriber, event in pairs
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return Delivery.objects.filter(pk__in=[row.pk for row in rows]).count() if rows else 0
