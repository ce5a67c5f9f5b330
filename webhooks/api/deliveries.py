"""The log of what was sent to a client's endpoints, and sending again."""

from typing import Any
from uuid import UUID

import orjson
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.services.operations import operation_once
from sentinel.api.documentation import IDEMPOTENCY_KEY, PAGE_PARAMETERS, problems
from sentinel.api.idempotency import idempotency_key
from sentinel.api.pagination import page_of, query_parameters
from sentinel.api.views import ApiView, client_of, json_object
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.ids import parse_public_id
from webhooks.api.endpoints import TAGS
from webhooks.api.schemas import CountOut, DeliveryOut, DeliveryPage, DeliveryWithAttemptsOut, EmptyIn, ReplayIn
from webhooks.api.shapes import attempt_json, delivery_json, replied
from webhooks.errors import DeliveryUnknown
from webhooks.models import Delivery
from webhooks.models.deliveries import DeliveryState
from webhooks.services.recovery import deliveries_replay, delivery_replay

_PREFIXES = {"endpoint_id": "we", "transaction_id": "txn", "event_id": "evt"}
FILTERS = ("endpoint_id", "state", "event_type", "transaction_id", "event_id")


class DeliveriesView(ApiView):
    scopes = {"GET": "webhooks:read"}

    @extend_schema(
        operation_id="webhook_delivery_list",
        summary="List deliveries",
        parameters=[*(OpenApiParameter(name, str) for name in FILTERS), *PAGE_PARAMETERS],
        responses={200: DeliveryPage, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """What was sent to the client's own endpoints, the newest first. Kept for some weeks."""
        wanted = deliveries_filtered(client_of(request), query_parameters(request, *FILTERS))
        rows, links = page_of(wanted, request)
        return Response({**links, "results": [delivery_json(each) for each in rows]})


class DeliveryView(ApiView):
    scopes = {"GET": "webhooks:read"}

    @extend_schema(
        operation_id="webhook_delivery_read",
        summary="Read a delivery",
        responses={200: DeliveryWithAttemptsOut, **problems(403, 404)},
        tags=TAGS,
    )
    def get(self, request: Request, delivery_id: str) -> Response:
        """With its body and each attempt: what was answered, and how long it took."""
        delivery = delivery_of(client_of(request), delivery_id)
        attempts = [attempt_json(each) for each in delivery.attempts.order_by("id")]
        return Response({**delivery_json(delivery), "body": orjson.loads(delivery.body), "attempts": attempts})


class DeliveryReplayView(ApiView):
    scopes = {"POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhook_delivery_replay",
        summary="Send a delivery again",
        request=EmptyIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: DeliveryOut, **problems(400, 403, 404, 409, 422)},
        tags=TAGS,
    )
    def post(self, request: Request, delivery_id: str) -> Response:
        """Whatever became of it: the same event id and the same bytes."""
        client, key, now = client_of(request), idempotency_key(request), timezone.now()
        EmptyIn.model_validate(json_object(request))
        delivery = delivery_of(client, delivery_id)

        def work(_: UUID) -> tuple[int, dict[str, Any]]:
            delivery_replay(delivery=delivery, actor=client.name, now=now)
            delivery.refresh_from_db()
            return 202, delivery_json(delivery)

        content = {"delivery": delivery.public_id}
        return replied(
            operation_once(client=client, key=key, operation="webhook_replay", content=content, now=now, work=work)
        )


class DeliveriesReplayView(ApiView):
    scopes = {"POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhook_deliveries_replay",
        summary="Send deliveries again",
        request=ReplayIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: CountOut, **problems(400, 403, 404, 409, 422)},
        tags=TAGS,
    )
    def post(self, request: Request) -> Response:
        """Those of a filter, such as all dead ones: `{"state": "dead"}`. At most 10,000 at a time, oldest first."""
        client, key, now = client_of(request), idempotency_key(request), timezone.now()
        filters = ReplayIn.model_validate(json_object(request)).model_dump(exclude_none=True)
        if not filters:
            words = f"Name at least one of {', '.join(FILTERS)}."
            raise InvalidRequest(words, errors=[FieldError("body", "empty", words)])
        wanted = deliveries_filtered(client, filters)

        def work(_: UUID) -> tuple[int, dict[str, Any]]:
            return 202, {"count": deliveries_replay(deliveries=wanted, actor=client.name, now=now)}

        return replied(
            operation_once(client=client, key=key, operation="webhook_replays", content=filters, now=now, work=work)
        )


def deliveries_filtered(client: ClientIdentity, filters: dict[str, str]) -> QuerySet[Delivery]:
    """The client's own that fit. Errors: InvalidRequest names what cannot be read."""
    found = Delivery.objects.filter(endpoint__client_id=client.client_id)
    if (state := filters.get("state")) is not None and state not in DeliveryState.values:
        words = f"One of {', '.join(DeliveryState.values)}."
        raise InvalidRequest(words, errors=[FieldError("state", "not_a_choice", words)])
    return found.filter(**{name: _read(name, text) for name, text in filters.items()})


def delivery_of(client: ClientIdentity, public: str) -> Delivery:
    """Errors: DeliveryUnknown, also for somebody else's."""
    delivery_id = parse_public_id("dlv", public)
    own = Delivery.objects.select_related("endpoint__client").filter(endpoint__client_id=client.client_id)
    found = own.filter(pk=delivery_id).first() if delivery_id else None
    if found is None:
        raise DeliveryUnknown
    return found


def _read(name: str, text: str) -> UUID | str:
    prefix = _PREFIXES.get(name)
    if prefix is None:
        return text
    if (found := parse_public_id(prefix, text)) is None:
        words = f"Send an id such as {prefix}_…."
        raise InvalidRequest(words, errors=[FieldError(name, "wrong_format", words)])
    return found
