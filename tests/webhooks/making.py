"""Endpoints and deliveries for tests that need them there already."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from sentinel.api.models import GatewayClient
from sentinel.core.ids import uuid7
from tests.factories import make_client
from webhooks.models import Delivery, Endpoint
from webhooks.services.endpoints import EndpointTerms, endpoint_create

URL = "https://hooks.example.com/sentinel"


def make_endpoint(client: GatewayClient | None = None, *, url: str = URL, **terms: Any) -> Endpoint:
    made, _ = endpoint_create(
        client=client or make_client(), terms=EndpointTerms(url=url, **terms), actor="tests", now=timezone.now()
    )
    return made


def make_delivery(endpoint: Endpoint, **fields: Any) -> Delivery:
    now = timezone.now()
    event_id: UUID = fields.pop("event_id", None) or uuid7()
    told = {"event_type": "transaction.approved", "body": '{"a":1}', "next_attempt_at": now, "created_at": now}
    return Delivery.objects.create(endpoint=endpoint, event_id=event_id, **(told | fields))
