"""Events for those who would rather pull than be sent to."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.selectors.settled import settled_until
from sentinel.api.documentation import problems
from sentinel.api.pagination import query_parameters
from sentinel.api.scopes import require_scope
from sentinel.api.views import ApiView, client_of
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.ids import first_uuid7_at, parse_public_id
from webhooks.api.endpoints import TAGS
from webhooks.api.schemas import EventListOut
from webhooks.domain.bodies import event_public_id
from webhooks.domain.event_types import BANK_EVENTS, EVENT_TYPES
from webhooks.selectors.events import ToldEvent, bank_events, client_events

_PARAMETERS = [
    OpenApiParameter("after", str, description="The id of the last event that was read: `last` of the last answer."),
    OpenApiParameter("type", str, description=f"One of {', '.join(EVENT_TYPES)}."),
    OpenApiParameter("limit", int, description="Events per answer, 50 unless told, at most 200."),
]


class EventsView(ApiView):
    scopes = {"GET": "webhooks:read"}

    @extend_schema(
        operation_id="event_list",
        summary="Read events in order",
        parameters=_PARAMETERS,
        responses={200: EventListOut, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """The client's own, oldest first; none is skipped, so the newest appear about a minute after they happened.

        Events of the bank's own system need the scope `alerts:read` and are read by naming their type.
        """
        filters = query_parameters(request, "after", "type")
        wanted = _type(filters.get("type"))
        limit = int(request.query_params.get("limit", "50"))
        events = _read(request, _after(filters.get("after")), wanted, limit + 1)
        shown = events[:limit]
        return Response(
            {
                "results": [event.json for event in shown],
                "last": event_public_id(shown[-1].id) if shown else filters.get("after"),
                "has_more": len(events) > limit,
            }
        )


def _read(request: Request, after: UUID, wanted: str | None, limit: int) -> list[ToldEvent]:
    client = client_of(request)
    until = first_uuid7_at(int(settled_until(timezone.now()).timestamp() * 1000))
    span: dict[str, Any] = {"after": after, "until": until, "limit": limit, "types": [wanted] if wanted else []}
    if wanted not in BANK_EVENTS:
        return client_events(client_id=client.client_id, **span)
    require_scope(client, "alerts:read", "GET")
    return bank_events(**span) if client.livemode else []


def _type(text: str | None) -> str | None:
    if text is not None and text not in EVENT_TYPES:
        words = f"One of {', '.join(EVENT_TYPES)}."
        raise InvalidRequest(words, errors=[FieldError("type", "not_a_choice", words)])
    return text


def _after(text: str | None) -> UUID:
    if text is None:
        return UUID(int=0)
    if (found := parse_public_id("evt", text)) is None:
        words = "Send the id of an event, such as evt_…."
        raise InvalidRequest(words, errors=[FieldError("after", "wrong_format", words)])
    return found
