"""Alerts that clients raise, and what was written to whom."""

from typing import Annotated, Any, Literal
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.schemas import TransactionId
from ledger.api.transactions import answer, payment_of
from ledger.domain.receipts import rfc3339
from ledger.errors import TransactionUnknown
from ledger.services.operations import operation_once
from sentinel.api.documentation import IDEMPOTENCY_KEY, PAGE_PARAMETERS, problems
from sentinel.api.fields import Schema, text
from sentinel.api.idempotency import idempotency_key
from sentinel.api.pagination import page_of, query_parameters
from sentinel.api.views import ApiView, client_of, json_object
from sentinel.core.errors import FieldError, InvalidRequest
from webhooks.domain.bodies import event_public_id
from webhooks.models import Notification
from webhooks.models.alerts import NotificationState
from webhooks.services.raised_alerts import alert_raise

Severity = Literal["info", "warning", "critical"]
Words = Annotated[str, text(500)]
Component = Annotated[str, text(60, r"^[a-z0-9][a-z0-9._-]*$")]


class FraudAlertIn(Schema):
    transaction_id: TransactionId
    words: Words = Field(description="What happened, for people. It is read in the Admin and stands in no mail.")
    severity: Severity = "warning"


class SystemAlertIn(Schema):
    component: Component = Field(
        description="What is in trouble, the same name each time.", examples=["card-terminal.mumbai"]
    )
    severity: Severity
    words: Words = Field(description="What happened, for people. It is read in the Admin and stands in no mail.")


class AlertOut(BaseModel):
    """`id` is that of the event. Null for a test client: nobody is told of its alerts."""

    id: str | None
    type: Literal["fraud.alert", "system.alert"]
    subject: str
    livemode: bool
    recorded_at: str


class NotificationOut(BaseModel):
    """`occurrences`: how often it happened within the window; one mail tells of all of them."""

    id: str
    event_id: str
    event_type: str
    recipient: str = Field(description="The name of the person's log-in, never an address.")
    subject: str
    title: str
    state: Literal["waiting", "sent", "failed"]
    occurrences: int
    created_at: str
    sent_at: str | None


class NotificationPage(BaseModel):
    next: str | None
    previous: str | None
    results: list[NotificationOut]


class FraudAlertView(ApiView):
    scopes = {"POST": "alerts:write"}

    @extend_schema(
        operation_id="alert_fraud",
        summary="Report fraud",
        request=FraudAlertIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: AlertOut, **problems(400, 403, 404, 409, 422)},
        tags=["alerts"],
    )
    def post(self, request: Request) -> Response:
        """Tells people that a payment of the client looks like fraud. To say that it was fraud, send a label.

        A test client is answered alike, with `id` null: nobody is told.
        """
        client = client_of(request)
        body = FraudAlertIn.model_validate(json_object(request))
        try:
            payment_of(client, body.transaction_id)
        except TransactionUnknown as error:
            unknown = FieldError("transaction_id", "unknown", "No transaction of yours has this id.")
            raise TransactionUnknown(errors=[unknown]) from error
        told = {"transaction_id": body.transaction_id, "severity": body.severity, "words": body.words}
        return _raised(request, "fraud.alert", body.transaction_id, told)


class SystemAlertView(ApiView):
    scopes = {"POST": "alerts:write"}

    @extend_schema(
        operation_id="alert_system",
        summary="Report trouble",
        request=SystemAlertIn,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: AlertOut, **problems(400, 403, 409, 422)},
        tags=["alerts"],
    )
    def post(self, request: Request) -> Response:
        """Tells people that something of the client's own is in trouble.

        A test client is answered alike, with `id` null: nobody is told.
        """
        body = SystemAlertIn.model_validate(json_object(request))
        told = {"kind": "reported", "severity": body.severity, "words": body.words}
        return _raised(request, "system.alert", body.component, told)


class NotificationsView(ApiView):
    scopes = {"GET": "alerts:read"}

    @extend_schema(
        operation_id="notification_list",
        summary="List what was written to whom",
        parameters=[OpenApiParameter("state", str, enum=NotificationState.values), *PAGE_PARAMETERS],
        responses={200: NotificationPage, **problems(400, 403)},
        tags=["alerts"],
    )
    def get(self, request: Request) -> Response:
        """Mails to people of the bank, newest first. A test client sees none."""
        filters = query_parameters(request, "state")
        if filters.get("state", NotificationState.SENT) not in NotificationState.values:
            words = f"One of {', '.join(NotificationState.values)}."
            raise InvalidRequest(words, errors=[FieldError("state", "not_a_choice", words)])
        found = Notification.objects.select_related("subscription__user").filter(**filters)
        rows, links = page_of(found if client_of(request).livemode else found.none(), request)
        return Response({**links, "results": [notification_json(row) for row in rows]})


def _raised(request: Request, event_type: str, subject: str, told: dict[str, Any]) -> Response:
    client, key, now = client_of(request), idempotency_key(request), timezone.now()

    def work(_: UUID) -> tuple[int, dict[str, Any]]:
        event = alert_raise(client=client, event_type=event_type, subject=subject, payload=told, now=now)
        return 201, {
            "id": event_public_id(event.id) if event else None,
            "type": event_type,
            "subject": subject,
            "livemode": client.livemode,
            "recorded_at": rfc3339(now),
        }

    content = {"subject": subject, **told}
    return answer(operation_once(client=client, key=key, operation=event_type, content=content, now=now, work=work))


def notification_json(notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.public_id,
        "event_id": event_public_id(notification.event_id),
        "event_type": notification.event_type,
        "recipient": _name(notification.subscription.user.get_username()),
        "subject": notification.subject,
        "title": notification.title,
        "state": notification.state,
        "occurrences": notification.occurrences,
        "created_at": rfc3339(notification.created_at),
        "sent_at": rfc3339(notification.sent_at) if notification.sent_at else None,
    }


def _name(username: str) -> str:
    """Some log in by their address."""
    return username.partition("@")[0]
