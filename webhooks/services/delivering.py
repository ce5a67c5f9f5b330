"""What a worker does with a wake-up: claim what is due, send it, write down what became of it.

The message that woke it carries ids and no promise: what is not waiting, not due or held by another worker is left
alone, so a message that comes twice sends nothing twice.
"""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random
from typing import Any
from uuid import UUID

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from webhooks.domain.answers import Answer, Result
from webhooks.domain.bodies import event_public_id
from webhooks.domain.schedule import next_attempt_at
from webhooks.domain.signing import signature_headers
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.models.deliveries import DeliveryState
from webhooks.selectors.secrets import signing_secrets
from webhooks.services.endpoint_secrets import endpoint_secret_read
from webhooks.services.endpoints import endpoint_disable
from webhooks.services.sending import Sender

# A worker that dies with the same delivery in hand so many times has tried it.
CLAIMS_MAX = 5

_CLAIM = """
UPDATE webhooks_delivery d SET lease_until = %(lease_until)s, claims = d.claims + 1
FROM webhooks_endpoint e
WHERE d.id IN (
    SELECT id FROM webhooks_delivery
    WHERE id = ANY(%(ids)s) AND state = 'waiting' AND next_attempt_at <= %(now)s
        AND (lease_until IS NULL OR lease_until < %(now)s)
    ORDER BY id FOR UPDATE SKIP LOCKED
) AND d.endpoint_id = (SELECT endpoint_id FROM webhooks_delivery WHERE id = %(first)s)
    AND e.id = d.endpoint_id AND e.state = 'active' AND (e.wait_until IS NULL OR e.wait_until <= %(now)s)
RETURNING d.id, d.endpoint_id, d.event_id, d.body, d.attempts_made, d.claims, d.lease_until, e.url, e.headers::text
"""
_GIVE_BACK = """
UPDATE webhooks_delivery SET lease_until = NULL, woken_until = NULL, claims = claims - 1
WHERE id = ANY(%(ids)s) AND lease_until = %(lease_until)s
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    id: UUID
    endpoint_id: UUID
    event_id: UUID
    body: str
    attempts_made: int
    claims: int
    lease_until: datetime
    url: str
    headers: dict[str, str]


SenderMaker = Callable[[], AbstractContextManager[Sender]]


def sender_make() -> Sender:
    return Sender(timeout_seconds=settings.WEBHOOK_TIMEOUT_SECONDS, allow_loopback=settings.DEVELOPMENT)


def deliveries_send(
    *, delivery_ids: Sequence[UUID], now: datetime | None = None, make_sender: SenderMaker = sender_make
) -> int:
    """Send those of one endpoint that are due and free; returns how many were tried.

    The first that finds nobody there ends it: the others go back into the queue, or each would wait as long.
    """
    lease_until = (now or timezone.now()) + timedelta(seconds=settings.WEBHOOK_LEASE_SECONDS)
    claimed = _claim(delivery_ids, now or timezone.now(), lease_until)
    if not claimed:
        return 0
    # The last try begins so early that the lease outlives it.
    work_seconds = settings.WEBHOOK_LEASE_SECONDS - 1.5 * settings.WEBHOOK_TIMEOUT_SECONDS
    ends_at, tried = time.monotonic() + work_seconds, 0
    try:
        secrets = _secrets(claimed[0].endpoint_id)
        with make_sender() as sender:
            for delivery in claimed:
                tried += 1  # before: one that raises is not given back, and counts as a claim without a result
                answer = _try(sender, delivery, secrets)
                if answer.ends_the_round or time.monotonic() > ends_at:
                    break
    finally:
        _give_back(claimed[tried:], lease_until)
    return tried


def _try(sender: Sender, delivery: Claimed, secrets: Sequence[str]) -> Answer:
    started_at = timezone.now()
    if delivery.claims > CLAIMS_MAX:
        answer = Answer(Result.WORKER_LOST, f"{delivery.claims - 1} workers were lost while they sent this.")
    elif not secrets:
        answer = Answer(Result.NOT_SIGNED, "The secret cannot be read with this installation's key. Rotate it.")
    else:
        event_id = event_public_id(delivery.event_id)
        signed = signature_headers(event_id, int(started_at.timestamp()), delivery.body, secrets)
        answer = sender.send(delivery.url, delivery.body, {**delivery.headers, **signed})
    now = timezone.now()
    if attempt_record(delivery, answer, started_at=started_at, now=now):
        _tell_endpoint(delivery.endpoint_id, answer, started_at, now)
    return answer


def _secrets(endpoint_id: UUID) -> list[str]:
    try:
        return [endpoint_secret_read(each) for each in signing_secrets(endpoint_id, timezone.now())]
    except InvalidToken:
        return []


@transaction.atomic
def attempt_record(delivery: Claimed, answer: Answer, *, started_at: datetime, now: datetime) -> bool:
    """The try, and what it means for the delivery; whether it was still waiting. Locks: the delivery.

    A delivery that was put back meanwhile, or claimed again because this took so long, stays as that left it. What it
    means for the endpoint is written afterwards: whoever disables one locks it before its deliveries.
    """
    waiting = Delivery.objects.select_for_update().filter(pk=delivery.id, state=DeliveryState.WAITING)
    found = waiting.values_list("lease_until").first()
    if found is None:
        return False  # given up meanwhile, with its endpoint, or forgotten
    if found[0] == delivery.lease_until:
        after = _after(delivery, answer, now)
        Delivery.objects.filter(pk=delivery.id).update(**after, woken_until=None, lease_until=None, claims=0)
    Attempt.objects.create(
        delivery_id=delivery.id,
        endpoint_id=delivery.endpoint_id,
        started_at=started_at,
        duration_ms=answer.duration_ms,
        result=answer.result,
        status_code=answer.status_code,
        words=answer.words[:300],
        response_head=answer.head,
    )
    return True


def _after(delivery: Claimed, answer: Answer, now: datetime) -> dict[str, Any]:
    made = delivery.attempts_made + 1
    if answer.is_delivered:
        return {"attempts_made": made, "state": DeliveryState.DELIVERED, "ended_at": now}
    due = next_attempt_at(
        failures=made,
        schedule_seconds=settings.WEBHOOK_SCHEDULE_SECONDS,
        chance=random(),  # noqa: S311 - it spreads retries and hides nothing
        retry_after=answer.retry_after,
        now=now,
    )
    if due is None or answer.result is Result.GONE:
        return {"attempts_made": made, "state": DeliveryState.DEAD, "ended_at": now}
    return {"attempts_made": made, "next_attempt_at": due}


def _tell_endpoint(endpoint_id: UUID, answer: Answer, started_at: datetime, now: datetime) -> None:
    endpoint = Endpoint.objects.filter(pk=endpoint_id)
    if answer.is_delivered:
        endpoint.filter(failing_since__isnull=False).update(failing_since=None)
        return
    endpoint.filter(failing_since__isnull=True).update(failing_since=started_at)
    if answer.asks_for_patience and answer.retry_after is not None:
        endpoint.update(wait_until=now + min(answer.retry_after, timedelta(hours=1)))
    reason = _reason_to_disable(endpoint, answer, now)
    if reason:
        endpoint_disable(endpoint=endpoint.get(), reason=reason, now=now)


def _reason_to_disable(endpoint: Any, answer: Answer, now: datetime) -> str:
    if answer.result is Result.GONE:
        return "It answered 410 Gone."
    patience = timedelta(days=settings.WEBHOOK_DISABLE_DAYS)
    if endpoint.filter(failing_since__lte=now - patience).exists():
        return f"Nothing has arrived there for {settings.WEBHOOK_DISABLE_DAYS} days."
    return ""


def _claim(ids: Sequence[UUID], now: datetime, lease_until: datetime) -> list[Claimed]:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"ids": list(ids), "first": min(ids), "now": now, "lease_until": lease_until})
        found = [Claimed(*[*columns, json.loads(headers)]) for *columns, headers in cursor.fetchall()]
    return sorted(found, key=lambda delivery: delivery.id)


def _give_back(left: Sequence[Claimed], lease_until: datetime) -> None:
    if left:
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, {"ids": [each.id for each in left], "lease_until": lease_until})
