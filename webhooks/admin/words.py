"""Endpoints, deliveries and their tries as people read them on a page. No queries."""

from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.admin.words import NOTHING, duration, spaced
from sentinel.core.ids import public_id
from webhooks.domain.answers import Result
from webhooks.domain.event_types import EVENT_TYPES, TEST_EVENT, TRANSACTION_EVENTS
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.models.deliveries import DeliveryState
from webhooks.selectors.health import EndpointHealth

EVENT_WORDS = EVENT_TYPES | {TEST_EVENT: "Sent by hand, to see whether the endpoint hears."}

_RESULTS: dict[str, str] = {
    Result.DELIVERED: "arrived",
    Result.REFUSED: "refused by the receiver",
    Result.REDIRECTED: "answered with a redirect",
    Result.GONE: "told to stop",
    Result.TIMED_OUT: "no answer in time",
    Result.NOT_CONNECTED: "not connected",
    Result.NOT_RESOLVED: "host not found",
    Result.ADDRESS_REFUSED: "address not allowed",
    Result.URL_REFUSED: "URL not allowed",
    Result.CERTIFICATE: "certificate not trusted",
    Result.CUT_OFF: "connection cut off",
    Result.NOT_SIGNED: "not signed",
    Result.WORKER_LOST: "worker lost",
}


def result_words(attempt: Attempt) -> str:
    """A result in a word or two; one of a later release as it is stored."""
    return _RESULTS.get(attempt.result, spaced(attempt.result))


def endpoint_link(endpoint: Endpoint) -> SafeString:
    url = reverse("admin:webhooks_endpoint_change", args=[endpoint.pk])
    return format_html('<a href="{}">{}</a>', url, endpoint)


def delivery_link(delivery: Delivery) -> SafeString:
    """By the end of its name, which differs even among neighbours; the whole for whoever points at it."""
    url = reverse("admin:webhooks_delivery_change", args=[delivery.pk])
    name = delivery.public_id
    return format_html('<a class="id" href="{}" title="{}">dlv_…{}</a>', url, name, name[-8:])


def transaction_short_link(transaction_id: UUID | None) -> SafeString:
    if transaction_id is None:
        return SafeString(NOTHING)
    url = reverse("admin:ledger_transaction_change", args=[transaction_id])
    name = public_id("txn", transaction_id)
    return format_html('<a class="id" href="{}" title="{}">txn_…{}</a>', url, name, name[-8:])


def hears_words(event_types: list[str]) -> str:
    """What an endpoint hears, short: "all of transactions", "transaction.declined", "3 kinds of event"."""
    if not event_types or set(event_types) == set(TRANSACTION_EVENTS):
        return "all of transactions"
    return event_types[0] if len(event_types) == 1 else f"{len(event_types)} kinds of event"


def arrived_words(health: EndpointHealth) -> str:
    """The share of tries of the last day that arrived. Never rounded up to all of them."""
    if health.success_share is None:
        return NOTHING
    per_mille = int(health.success_share * 1000)
    return "100 %" if health.success_share == 1 else f"{per_mille / 10:.1f} %"


def oldest_words(health: EndpointHealth) -> str:
    seconds = health.oldest_waiting_seconds
    return NOTHING if seconds is None else duration(seconds)


def milliseconds(value: float | None) -> str:
    """A duration as one reads it: "84 ms", "15.0 s"."""
    if value is None:
        return NOTHING
    return f"{value:.0f} ms" if value < 1_000 else f"{value / 1_000:.1f} s"


def next_words(delivery: Delivery, now: datetime) -> str:
    """What happens to a waiting delivery next: "now", "in 4 min 12 s", "held back: the endpoint is paused"."""
    if delivery.state != DeliveryState.WAITING:
        return ""
    if delivery.endpoint.state != "active":
        return f"when it is resumed: the endpoint is {delivery.endpoint.state}"
    due_at = max(delivery.next_attempt_at, delivery.endpoint.wait_until or delivery.next_attempt_at)
    return "now" if due_at <= now else f"in {duration((due_at - now).total_seconds())}"
