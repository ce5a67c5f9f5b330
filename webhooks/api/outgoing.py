"""What is sent to webhook endpoints, for the OpenAPI document."""

from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiWebhook, extend_schema
from pydantic import BaseModel

from webhooks.domain import schemas
from webhooks.domain.event_types import EVENT_TYPES, TEST_EVENT

_HEADERS = {
    "webhook-id": "The id of the event, the same in each try.",
    "webhook-timestamp": "The second of this try.",
    "webhook-signature": "Standard Webhooks 1.0.0: `v1,` and base64 of HMAC-SHA256, several separated by spaces.",
}
_WORDS = EVENT_TYPES | {TEST_EVENT: "Sent by hand, to see whether an endpoint hears."}
_ANSWERS = {"2XX": {"description": "It has arrived. Everything else is a failure, and the event is sent again."}}


def _webhook(shape: type[BaseModel]) -> OpenApiWebhook:
    """One for all events of a shape; `events_apart` makes one of each."""
    return OpenApiWebhook(
        name=shape.__name__, decorator=extend_schema(request=shape, responses={200: None}, tags=["webhooks"])
    )


DECIDED = _webhook(schemas.TransactionDecided)
CHANGED = _webhook(schemas.TransactionChanged)
REVERSED = _webhook(schemas.TransactionReversed)
CASE = _webhook(schemas.CaseEvent)
ALARM = _webhook(schemas.Alarm)
FRAUD = _webhook(schemas.FraudReported)
TEST = _webhook(schemas.EndpointTest)


def events_apart(result: dict[str, Any], generator: SchemaGenerator, **_: Any) -> dict[str, Any]:
    """Each event under its own name, with what drf-spectacular leaves out of webhooks: parameters, and the shapes.

    It writes the components down before it looks at webhooks.
    """
    result["components"] = generator.registry.build({})
    told = {shape: item["post"] for shape, item in result["webhooks"].items()}
    result["webhooks"] = {
        event: {"post": {**operation, "summary": _WORDS[event], "parameters": _parameters(), "responses": _ANSWERS}}
        for shape, operation in told.items()
        for event in _events(getattr(schemas, shape))
    }
    return result


def _events(shape: type[BaseModel]) -> tuple[str, ...]:
    annotation: Any = shape.model_fields["type"].annotation
    events: tuple[str, ...] = annotation.__args__
    return events


def _parameters() -> list[dict[str, Any]]:
    return [
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}, "description": words}
        for name, words in _HEADERS.items()
    ]
