"""What an endpoint's page shows. Bounded: the newest deliveries, at most two secrets that sign."""

from datetime import datetime
from typing import Any

from ledger.admin.transaction_page import Person, may
from webhooks.admin.endpoint_steps import steps_of
from webhooks.admin.words import EVENT_WORDS
from webhooks.domain.event_types import TRANSACTION_EVENTS
from webhooks.models import Delivery, Endpoint
from webhooks.models.endpoints import EndpointState
from webhooks.selectors.health import endpoint_health

ROWS_SHOWN = 20


def endpoint_page(endpoint: Endpoint, user: Person, now: datetime) -> dict[str, Any]:
    """The template's context. Deliveries only for those who may view them, steps for those who may take them."""
    may_change = may(user, "webhooks.change_endpoint")
    hears = endpoint.event_types or list(TRANSACTION_EVENTS)
    return {
        "endpoint": endpoint,
        "health": endpoint_health([endpoint.pk], now)[endpoint.pk],
        "hears": [(name, EVENT_WORDS.get(name, "")) for name in hears],
        "hears_all": not endpoint.event_types,
        "header_names": sorted(endpoint.headers),
        "secrets": [secret for secret in endpoint.secrets.all() if not secret.expires_at or secret.expires_at > now],
        "deliveries": _deliveries(endpoint) if may(user, "webhooks.view_delivery") else None,
        "may_change": may_change and endpoint.state != EndpointState.DELETED,
        "steps": steps_of(endpoint) if may_change else [],
        "now": now,
    }


def _deliveries(endpoint: Endpoint) -> list[Delivery]:
    return list(endpoint.deliveries.select_related("endpoint").order_by("-id")[:ROWS_SHOWN])
