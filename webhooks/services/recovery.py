"""Sending again: a test, one delivery, those of a filter, everything since a moment."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from ledger.services.audit import audit_record
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.ids import first_uuid7_at, uuid7
from webhooks.domain.bodies import event_body, event_json
from webhooks.domain.event_types import BANK_EVENTS, TEST_EVENT, TRANSACTION_EVENTS
from webhooks.errors import EndpointOff
from webhooks.models import Delivery, Endpoint
from webhooks.models.deliveries import DeliveryState
from webhooks.models.endpoints import EndpointState
from webhooks.selectors.events import ToldEvent, bank_events, client_events
from webhooks.services.delivery_rows import Subscriber, deliveries_add

# What one call sends again at most, and makes at most: whoever wants the rest calls again, until it says 0.
REPLAYED_MAX = 10_000
RECOVER_DAYS_MAX = 30
# An event is handed out some moments after it was recorded, so one of just before may have been missed as well.
_HANDED_OUT_LATE = timedelta(minutes=1)
_AT_ONCE = 1_000
_SENDING = (EndpointState.ACTIVE, EndpointState.PAUSED)


@transaction.atomic
def endpoint_test(*, endpoint: Endpoint, actor: str, now: datetime) -> Delivery:
    """A delivery that says it is a test, sent like any other. Errors: EndpointOff."""
    _refuse_off(endpoint)
    event_id = uuid7()
    event = event_json(
        event_id=event_id,
        event_type=TEST_EVENT,
        recorded_at=now,
        livemode=endpoint.client.livemode,
        data={"words": "A test. Nothing has happened."},
    )
    delivery = Delivery.objects.create(
        endpoint=endpoint,
        event_id=event_id,
        event_type=TEST_EVENT,
        body=event_body(event),
        next_attempt_at=now,
        created_at=now,
    )
    _audit(endpoint, "test", {"delivery": delivery.public_id}, actor, now)
    return delivery


@transaction.atomic
def delivery_replay(*, delivery: Delivery, actor: str, now: datetime) -> None:
    """Send it once more, whatever became of it: same id, same bytes. Errors: EndpointOff."""
    _refuse_off(delivery.endpoint)
    _put_back(Delivery.objects.filter(pk=delivery.pk), now)
    _audit(delivery.endpoint, "replay", {"delivery": delivery.public_id}, actor, now)


def deliveries_replay(*, deliveries: QuerySet[Delivery], actor: str, now: datetime) -> int:
    """Send those of a filter once more, oldest first, at most REPLAYED_MAX; returns how many.

    Those of endpoints that are disabled or deleted are left out. Each chunk is a database transaction of its own.
    """
    wanted = deliveries.filter(endpoint__state__in=_SENDING).order_by("id")
    ids = list(wanted.values_list("pk", flat=True)[:REPLAYED_MAX])
    for start in range(0, len(ids), _AT_ONCE):
        _put_back(Delivery.objects.filter(pk__in=ids[start : start + _AT_ONCE]), now)
    if ids:
        details = {"count": len(ids), "first": str(ids[0]), "last": str(ids[-1])}
        audit_record(actor=actor, action="deliveries.replay", subject="deliveries", details=details, now=now)
    return len(ids)


def endpoint_recover(*, endpoint: Endpoint, since: datetime, actor: str, now: datetime) -> int:
    """Make the deliveries that are missing since then, and put the dead ones back; returns how many will be sent.

    At most REPLAYED_MAX of each, oldest first. Events that are being committed just now are handed out by the relay.
    Errors: EndpointOff; InvalidRequest for a moment in the future, or before the log begins.
    """
    _refuse_off(endpoint)
    _refuse_moment(since, now)
    made = _make_missing(endpoint, since, now)
    dead = Delivery.objects.filter(endpoint=endpoint, state=DeliveryState.DEAD, created_at__gte=since)
    count = made + deliveries_replay(deliveries=dead, actor=actor, now=now)
    _audit(endpoint, "recover", {"since": since.isoformat(), "count": count}, actor, now)
    return count


def recover_span() -> timedelta:
    """How far back: what the log has forgotten would be taken for missing, and all of it be sent twice."""
    return timedelta(days=min(RECOVER_DAYS_MAX, settings.DELIVERY_DAYS))


def _make_missing(endpoint: Endpoint, since: datetime, now: datetime) -> int:
    subscriber, made = Subscriber.of(endpoint), 0
    after = _first_id(max(since - _HANDED_OUT_LATE, now - recover_span()))
    while made < REPLAYED_MAX and (events := _missed(subscriber, after, _first_id(now), REPLAYED_MAX - made)):
        made += deliveries_add([(subscriber, event) for event in events], now=now)
        after = events[-1].id
    return made


def _missed(subscriber: Subscriber, after: UUID, until: UUID, left: int) -> list[ToldEvent]:
    """The next events that the endpoint wants and was never sent."""
    wanted = subscriber.event_types or TRANSACTION_EVENTS
    span: dict[str, Any] = {"after": after, "until": until, "limit": min(left, _AT_ONCE)}
    span["not_sent_to"] = subscriber.endpoint_id
    found: list[ToldEvent] = []
    if types := [each for each in wanted if each in TRANSACTION_EVENTS]:
        client_id, merchant_id = subscriber.client_id, subscriber.merchant_id
        found = client_events(client_id=client_id, merchant_id=merchant_id, types=types, **span)
    hears_the_bank = subscriber.hears_the_bank and not subscriber.merchant_id
    if hears_the_bank and (types := [each for each in wanted if each in BANK_EVENTS]):
        found += bank_events(types=types, **span)
    return sorted(found, key=lambda event: event.id)[: span["limit"]]


def _first_id(moment: datetime) -> UUID:
    return first_uuid7_at(int(moment.timestamp() * 1000))


def _put_back(deliveries: QuerySet[Delivery], now: datetime) -> None:
    deliveries.update(
        state=DeliveryState.WAITING,
        attempts_made=0,
        claims=0,
        next_attempt_at=now,
        woken_until=None,
        lease_until=None,
        ended_at=None,
    )


def _refuse_off(endpoint: Endpoint) -> None:
    if endpoint.state not in _SENDING:
        raise EndpointOff(f"The endpoint is {endpoint.state}. Resume it first.")


def _refuse_moment(since: datetime, now: datetime) -> None:
    if not now - recover_span() <= since <= now:
        words = f"Name a moment of the last {recover_span().days} days."
        raise InvalidRequest(words, errors=[FieldError("since", "out_of_range", words)])


def _audit(endpoint: Endpoint, action: str, details: dict[str, Any], actor: str, now: datetime) -> None:
    subject = f"endpoint:{endpoint.public_id}"
    audit_record(actor=actor, action=f"endpoint.{action}", subject=subject, details=details, now=now)
