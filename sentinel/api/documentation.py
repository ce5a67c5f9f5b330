"""Words and shapes that all operations of the OpenAPI document share."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from sentinel.api.shapes import ProblemOut

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="A new random key for each new request; the same key when it is retried.",
    examples=[OpenApiExample("a UUID", value="6f1c2a52-9d4b-4d39-a1a5-0c2b6f6f7a10")],
)
PAGE_PARAMETERS = (
    OpenApiParameter("cursor", str, description="Where the page starts; from `next` or `previous`."),
    OpenApiParameter("limit", int, description="Rows per page, 50 unless told, at most 200."),
)

_PROBLEMS = {
    400: "The request is not valid; `errors` names the fields. Nothing was written.",
    401: "No valid credentials.",
    403: "A scope is missing.",
    404: "There is no such thing, or it belongs to somebody else.",
    409: "The current state does not allow it, or the first request with this key is still running.",
    413: "The body is too large.",
    422: "The key was used for another request, or the request does not fit the account.",
    429: "Too many requests; see Retry-After.",
    503: "Not available. What became of the request is unknown: retry the same key.",
}


def problems(*statuses: int) -> dict[tuple[int, str], Any]:
    """The refusals an operation may answer with; 401, 429 and 503 always belong to them."""
    return {
        (status, "application/problem+json"): OpenApiResponse(ProblemOut, description=_PROBLEMS[status])
        for status in sorted({*statuses, 401, 429, 503})
    }


class GatewayScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "sentinel.api.authentication.GatewayAuthentication"
    name = ["apiKey", "bearer"]

    def get_security_requirement(self, auto_schema: AutoSchema) -> list[dict[str, list[str]]]:
        return [{"apiKey": []}, {"bearer": []}]

    def get_security_definition(self, auto_schema: AutoSchema) -> list[dict[str, str]]:
        return [
            {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        ]
