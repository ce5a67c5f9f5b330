"""Answers that several views give."""

from typing import Any

import orjson
from rest_framework.response import Response

from ledger.domain.receipts import rfc3339
from ledger.services.operations import Reply
from sentinel.core.ids import public_id
from webhooks.domain.bodies import event_public_id
from webhooks.models import Attempt, Delivery
from webhooks.models.deliveries import DeliveryState


def replied(reply: Reply) -> Response:
    headers = {"Idempotent-Replayed": "true"} if reply.replayed else None
    return Response(reply.body, reply.status_code, headers=headers)


def with_secret(reply: Reply, shown: list[str]) -> Response:
    """The stored answer has no secret: it is put in for whoever asked first, and for nobody later."""
    if reply.replayed:
        return replied(reply)
    return Response({**orjson.loads(reply.body), "secret": shown[-1]}, reply.status_code)


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    is_waiting = delivery.state == DeliveryState.WAITING
    return {
        "id": delivery.public_id,
        "endpoint_id": public_id("we", delivery.endpoint_id),
        "event_id": event_public_id(delivery.event_id),
        "event_type": delivery.event_type,
        "transaction_id": public_id("txn", delivery.transaction_id) if delivery.transaction_id else None,
        "state": delivery.state,
        "attempts_made": delivery.attempts_made,
        "next_attempt_at": rfc3339(delivery.next_attempt_at) if is_waiting else None,
        "created_at": rfc3339(delivery.created_at),
        "ended_at": rfc3339(delivery.ended_at) if delivery.ended_at else None,
    }


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "started_at": rfc3339(attempt.started_at),
        "duration_ms": attempt.duration_ms,
        "result": attempt.result,
        "status_code": attempt.status_code,
        "words": attempt.words,
        "response_head": attempt.response_head,
    }
