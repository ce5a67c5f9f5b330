"""Every refusal as application/problem+json (RFC 9457) with a stable `code` and, where known, the field's name."""

import logging
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from psycopg_pool import PoolTimeout
from pydantic import ValidationError
from rest_framework import exceptions as drf
from rest_framework.response import Response

from sentinel.core.errors import BodyTooLarge, FieldError, InvalidRequest, NotFound, SentinelError, Unavailable

CONTENT_TYPE = "application/problem+json"
TYPE_BASE = "/api/docs/problems#"

_logger = logging.getLogger(__name__)

# pydantic's names of what is wrong -> ours, which are part of the API and must not move with a library.
_FIELD_CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_type": "wrong_type",
    "dict_type": "wrong_type",
    "model_type": "wrong_type",
    "model_attributes_type": "wrong_type",
    "bool_type": "wrong_type",
    "float_type": "wrong_type",
    "int_type": "wrong_type",
    "list_type": "wrong_type",
    "datetime_type": "wrong_type",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "too_long": "too_many",
    "literal_error": "not_a_choice",
    "enum": "not_a_choice",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "greater_than": "out_of_range",
    "less_than": "out_of_range",
    "finite_number": "out_of_range",
    "string_pattern_mismatch": "wrong_format",
    "timezone_aware": "zone_missing",
    "datetime_from_date_parsing": "wrong_format",
    "datetime_parsing": "wrong_format",
}


def problem(error: SentinelError) -> dict[str, Any]:
    content: dict[str, Any] = {
        "type": f"{TYPE_BASE}{error.code}",
        "title": error.title,
        "status": error.http_status,
        "code": error.code,
        "detail": error.detail,
    }
    if error.errors:
        content["errors"] = [
            {"field": item.field, "code": item.code, "message": item.message} for item in error.errors
        ]
    return content


def problem_headers(error: SentinelError) -> dict[str, str]:
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="sentinelstream"'
    return headers


def exception_handler(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook. None for what nobody expected: Django logs it and `server_error` answers."""
    error = as_sentinel_error(exception)
    if error is None:
        return None
    return Response(problem(error), error.http_status, headers=problem_headers(error), content_type=CONTENT_TYPE)


def as_sentinel_error(exception: Exception) -> SentinelError | None:
    match exception:
        case SentinelError():
            return exception
        case ValidationError():
            return invalid_fields(exception)
        case Http404():
            return NotFound()
        case RequestDataTooBig():
            return BodyTooLarge()
        case SuspiciousOperation():
            return InvalidRequest()
        case OperationalError() | InterfaceError() | PoolTimeout():
            _logger.error("the database cannot be reached: %s", exception)
            return Unavailable(retry_after_seconds=1)
        case PermissionDenied():
            return _plain(HTTPStatus.FORBIDDEN, "not_permitted", "This is not permitted")
        case drf.APIException():
            detail = exception.detail if isinstance(exception.detail, str) else ""
            return _plain(exception.status_code, exception.get_codes(), exception.default_detail, detail)
    return None


def invalid_fields(exception: ValidationError) -> InvalidRequest:
    """One error per field that could not be accepted, in the order of the request."""
    errors = [
        FieldError(
            field=_dotted(item["loc"]),
            code=item["ctx"]["code"] if "code" in item.get("ctx", {}) else _FIELD_CODES.get(item["type"], "invalid"),
            message=_sentence(item["msg"]),
        )
        for item in exception.errors(include_url=False, include_input=False)
    ]
    names = ", ".join(error.field for error in errors[:5])
    return InvalidRequest(f"Check {names}." if names.strip() else "", errors=errors)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _as_response(NotFound(f"There is nothing at {request.path}."))


def server_error(request: HttpRequest) -> HttpResponse:
    return _as_response(
        _plain(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Something went wrong on our side")
    )


def _as_response(error: SentinelError) -> HttpResponse:
    return HttpResponse(orjson.dumps(problem(error)), status=error.http_status, content_type=CONTENT_TYPE)


def _plain(status: int, code: Any, title: Any, detail: str = "") -> SentinelError:
    error = SentinelError(detail or str(title))
    error.http_status, error.code, error.title = int(status), str(code), str(title).rstrip(".")
    return error


def _dotted(location: tuple[int | str, ...]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.strip(".") or "body"


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."
