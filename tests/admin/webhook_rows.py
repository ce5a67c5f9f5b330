"""Endpoints, deliveries and tries for the tests of their pages, written as the services write them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from sentinel.api.models import GatewayClient
from sentinel.core.ids import uuid7
from tests.factories import make_client
from webhooks.models import Attempt, Delivery, Endpoint, EndpointSecret

URL = "https://hooks.example.com/sentinel"
BODY = '{"id":"evt_1","type":"transaction.approved","data":{"amount":"54.00"}}'


def endpoint_row(client: GatewayClient | None = None, **fields: Any) -> Endpoint:
    told = {"url": URL, "description": "orders", "created_at": timezone.now(), "created_by": "olivia"} | fields
    endpoint = Endpoint.objects.create(client=client or make_client(), **told)
    EndpointSecret.objects.create(endpoint=endpoint, encrypted=b"sealed", created_at=endpoint.created_at)
    return endpoint


def delivery_row(endpoint: Endpoint, *, state: str = "waiting", **fields: Any) -> Delivery:
    now = fields.pop("now", timezone.now())
    told = {
        "event_id": uuid7(),
        "event_type": "transaction.approved",
        "body": BODY,
        "next_attempt_at": now,
        "created_at": now,
        "ended_at": None if state == "waiting" else now,
    }
    return Delivery.objects.create(endpoint=endpoint, state=state, **(told | fields))


def attempt_row(delivery: Delivery, result: str = "delivered", **fields: Any) -> Attempt:
    told = {"started_at": timezone.now() - timedelta(seconds=5), "duration_ms": 84} | fields
    return Attempt.objects.create(delivery=delivery, endpoint=delivery.endpoint, result=result, **told)
