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
    403: "A scope is missing, or the client may not call from this address.",
    404: "There is no such thing, or it belongs to somebody else.",
    406: "Answers are JSON.",
    409: "The current state does not allow it, or the first request with this key is still running.",
    413: "The body is too large.",
    415: "Bodies are JSON.",
    422: "The key was used for another request, or the request does not fit the account.",
    429: "Too many requests; see Retry-After.",
    503: "Not available. What became of the request is unknown: retry the same key.",
}


# Every operation may answer so, and every one that reads a body.
_ALWAYS, _OF_BODIES = (401, 403, 406, 429, 503), (400, 413, 415)


def problems(*statuses: int) -> dict[tuple[int, str], Any]:
    """The refusals an operation may answer with, beside those that all may."""
    return {
        (status, "application/problem+json"): OpenApiResponse(ProblemOut, description=_PROBLEMS[status])
        for status in sorted({*statuses, *_ALWAYS})
    }


def refusals_of_bodies(result: dict[str, Any], generator: Any, request: Any, public: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: adds what any operation with a body may refuse."""
    refs = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                answers = {str(status): {"content": refs, "description": _PROBLEMS[status]} for status in _OF_BODIES}
                operation["responses"] = dict(sorted({**answers, **operation["responses"]}.items()))
    return result


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
