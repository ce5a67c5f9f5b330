"""A client's own webhook endpoints."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.domain.receipts import rfc3339
from ledger.services.operations import Reply, operation_once
from sentinel.api.documentation import IDEMPOTENCY_KEY, problems
from sentinel.api.idempotency import idempotency_key
from sentinel.api.models import GatewayClient
from sentinel.api.views import ApiView, client_of, json_object
from sentinel.core.clients import ClientIdentity
from sentinel.core.ids import parse_public_id
from webhooks.api.schemas import (
    CountOut,
    DeliveryOut,
    EmptyIn,
    EndpointChangeIn,
    EndpointIn,
    EndpointListOut,
    EndpointMadeOut,
    EndpointOut,
    RecoverIn,
    SecretOut,
)
from webhooks.api.shapes import delivery_json, replied, with_secret
from webhooks.errors import EndpointUnknown
from webhooks.models import Endpoint
from webhooks.models.endpoints import EndpointState
from webhooks.selectors.health import endpoint_health
from webhooks.services.endpoints import (
    EndpointTerms,
    endpoint_change,
    endpoint_create,
    endpoint_delete,
    endpoint_pause,
    endpoint_resume,
    endpoint_secret_rotate,
)
from webhooks.services.recovery import endpoint_recover, endpoint_test

TAGS = ["webhooks"]


class EndpointsView(ApiView):
    scopes = {"GET": "webhooks:read", "POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhook_endpoint_list",
        summary="List webhook endpoints",
        responses={200: EndpointListOut, **problems(403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """The client's own, the newest first, each with how it fares. There are few: no pages."""
        return Response({"results": endpoints_json(list(endpoints_of(client_of(request))))})

    @extend_schema(
        operation_id="webhook_endpoint_create",
        summary="Make a webhook endpoint",
        request=EndpointIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: EndpointMadeOut, **problems(400, 403, 409, 422)},
        tags=TAGS,
    )
    def post(self, request: Request) -> Response:
        """Answers the secret that signs its deliveries, once: it is kept encrypted and shown nowhere again."""
        client, key, now = client_of(request), idempotency_key(request), timezone.now()
        body = EndpointIn.model_validate(json_object(request))
        shown: list[str] = []

        def work(_: UUID) -> tuple[int, dict[str, Any]]:
            endpoint, secret = endpoint_create(
                client=GatewayClient.objects.get(pk=client.client_id),
                terms=EndpointTerms(**body.model_dump()),
                actor=client.name,
                now=now,
            )
            shown.append(secret)
            return 201, {**endpoints_json([endpoint])[0], "secret": None}

        content = body.model_dump(mode="json")
        reply = operation_once(
            client=client, key=key, operation="webhook_endpoint", content=content, now=now, work=work
        )
        return with_secret(reply, shown)


class EndpointView(ApiView):
    scopes = {"GET": "webhooks:read", "PATCH": "webhooks:write", "DELETE": "webhooks:write"}

    @extend_schema(
        operation_id="webhook_endpoint_read",
        summary="Read a webhook endpoint",
        responses={200: EndpointOut, **problems(403, 404)},
        tags=TAGS,
    )
    def get(self, request: Request, endpoint_id: str) -> Response:
        """With how it fares."""
        return Response(endpoints_json([endpoint_of(client_of(request), endpoint_id)])[0])

    @extend_schema(
        operation_id="webhook_endpoint_change",
        summary="Change a webhook endpoint",
        request=EndpointChangeIn,
        responses={200: EndpointOut, **problems(400, 403, 404, 409)},
        tags=TAGS,
    )
    def patch(self, request: Request, endpoint_id: str) -> Response:
        """What is left out or null stays as it is. Deliveries that wait are sent to the new URL."""
        client = client_of(request)
        body = EndpointChangeIn.model_validate(json_object(request))
        endpoint = endpoint_of(client, endpoint_id)
        told = body.model_dump(exclude_none=True)
        terms = EndpointTerms(**{name: told.get(name, getattr(endpoint, name)) for name in EndpointIn.model_fields})
        endpoint = endpoint_change(endpoint=endpoint, terms=terms, actor=client.name, now=timezone.now())
        return Response(endpoints_json([endpoint])[0])

    @extend_schema(
        operation_id="webhook_endpoint_delete",
        summary="Delete a webhook endpoint",
        responses={204: None, **problems(403, 404)},
        tags=TAGS,
    )
    def delete(self, request: Request, endpoint_id: str) -> Response:
        """Nothing is sent there any more; what waited is given up."""
        client = client_of(request)
        endpoint_delete(endpoint=endpoint_of(client, endpoint_id), actor=client.name, now=timezone.now())
        return Response(status=204)


class EndpointSecretView(ApiView):
    scopes = {"POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhook_endpoint_secret",
        summary="Rotate the secret of a webhook endpoint",
        request=EmptyIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={200: SecretOut, **problems(400, 403, 404, 409, 422)},
        tags=TAGS,
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        """Answers the new secret, once. For a day the old one signs beside it, so both verify."""
        client, now, shown = client_of(request), timezone.now(), list[str]()
        endpoint = endpoint_of(client, endpoint_id)

        def work() -> dict[str, Any]:
            shown.append(endpoint_secret_rotate(endpoint=endpoint, actor=client.name, now=now))
            until = now + timedelta(hours=settings.WEBHOOK_OVERLAP_HOURS)
            return {"id": endpoint.public_id, "secret": None, "old_secret_until": rfc3339(until)}

        return with_secret(_once(request, endpoint, "secret", work, now), shown)


class EndpointTestView(ApiView):
    scopes = {"POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhook_endpoint_test",
        summary="Send a test to a webhook endpoint",
        request=EmptyIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: DeliveryOut, **problems(400, 403, 404, 409, 422)},
        tags=TAGS,
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        """A delivery of type `endpoint.test`, signed and logged like any other."""
        client, now = client_of(request), timezone.now()
        endpoint = endpoint_of(client, endpoint_id)

        def work() -> dict[str, Any]:
            return delivery_json(endpoint_test(endpoint=endpoint, actor=client.name, now=now))

        return replied(_once(request, endpoint, "test", work, now, status_code=202))


class EndpointRecoverView(ApiView):
    scopes = {"POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhook_endpoint_recover",
        summary="Send what a webhook endpoint missed",
        request=RecoverIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={202: CountOut, **problems(400, 403, 404, 409, 422)},
        tags=TAGS,
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        """Events since that moment that were never sent there, and deliveries that are dead. What arrived is not
        sent again. At most thirty days back.
        """
        client, now = client_of(request), timezone.now()
        body = RecoverIn.model_validate(json_object(request))
        endpoint = endpoint_of(client, endpoint_id)

        def work() -> dict[str, Any]:
            return {"count": endpoint_recover(endpoint=endpoint, since=body.since, actor=client.name, now=now)}

        content = body.model_dump(mode="json")
        return replied(_once(request, endpoint, "recover", work, now, status_code=202, content=content))


class EndpointPauseView(ApiView):
    scopes = {"POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhook_endpoint_pause",
        summary="Pause a webhook endpoint",
        request=EmptyIn,
        responses={200: EndpointOut, **problems(400, 403, 404, 409)},
        tags=TAGS,
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        """Events gather until it is resumed."""
        return _moved(request, endpoint_id, endpoint_pause)


class EndpointResumeView(ApiView):
    scopes = {"POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhook_endpoint_resume",
        summary="Resume a webhook endpoint",
        request=EmptyIn,
        responses={200: EndpointOut, **problems(400, 403, 404, 409)},
        tags=TAGS,
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        """One that was paused or disabled. What a disabled one missed is sent by `recover`."""
        return _moved(request, endpoint_id, endpoint_resume)


def endpoints_of(client: ClientIdentity) -> Any:
    own = Endpoint.objects.select_related("client").filter(client_id=client.client_id)
    return own.exclude(state=EndpointState.DELETED)


def endpoint_of(client: ClientIdentity, public: str) -> Endpoint:
    """Errors: EndpointUnknown, also for somebody else's and for one that was deleted."""
    endpoint_id = parse_public_id("we", public)
    found: Endpoint | None = endpoints_of(client).filter(pk=endpoint_id).first() if endpoint_id else None
    if found is None:
        raise EndpointUnknown
    return found


def endpoints_json(endpoints: list[Endpoint]) -> list[dict[str, Any]]:
    health = endpoint_health([endpoint.pk for endpoint in endpoints], timezone.now())
    return [
        {
            "id": endpoint.public_id,
            "url": endpoint.url,
            "description": endpoint.description,
            "event_types": endpoint.event_types,
            "merchant_id": endpoint.merchant_id,
            "header_names": sorted(endpoint.headers),
            "concurrency_max": endpoint.concurrency_max,
            "state": endpoint.state,
            "state_reason": endpoint.state_reason,
            "failing_since": rfc3339(endpoint.failing_since) if endpoint.failing_since else None,
            "created_at": rfc3339(endpoint.created_at),
            "health": asdict(health[endpoint.pk]),
        }
        for endpoint in endpoints
    ]


def _moved(request: Request, endpoint_id: str, move: Callable[..., None]) -> Response:
    EmptyIn.model_validate(json_object(request))
    client = client_of(request)
    endpoint = endpoint_of(client, endpoint_id)
    move(endpoint=endpoint, actor=client.name, now=timezone.now())
    endpoint.refresh_from_db()
    return Response(endpoints_json([endpoint])[0])


def _once(
    request: Request,
    endpoint: Endpoint,
    operation: str,
    work: Callable[[], dict[str, Any]],
    now: datetime,
    *,
    status_code: int = 200,
    content: dict[str, Any] | None = None,
) -> Reply:
    """The work on one endpoint, once per key."""
    if content is None:
        EmptyIn.model_validate(json_object(request))
    return operation_once(
        client=client_of(request),
        key=idempotency_key(request),
        operation=f"webhook_{operation}",
        content={"endpoint": endpoint.public_id, **(content or {})},
        now=now,
        work=lambda _: (status_code, work()),
    )
