"""The base of every API view: an adrf APIView with scopes and rate-limit headers."""

from typing import Any, ClassVar

from adrf.views import APIView
from django.http import HttpResponse
from rest_framework.request import Request

from sentinel.api.scopes import client_or_none
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError, InvalidRequest, NotAuthenticated

FIXED_HEADERS = {"Cache-Control": "no-store"}


class ApiView(APIView):  # type: ignore[misc]
    """`scopes` names the scope each method needs. HEAD needs that of GET; a method that is not named is closed."""

    scopes: ClassVar[dict[str, str]] = {}

    def finalize_response(self, request: Any, response: HttpResponse, *args: Any, **kwargs: Any) -> HttpResponse:
        usage = getattr(request, "rate_usage", None)  # Django REST framework's Request looks into Django's
        for name, value in (FIXED_HEADERS | (usage.headers() if usage else {})).items():
            response.headers[name] = value
        finished: HttpResponse = super().finalize_response(request, response, *args, **kwargs)
        return finished


def client_of(request: Request) -> ClientIdentity:
    """The authenticated client. Errors: NotAuthenticated."""
    client = client_or_none(request)
    if client is None:
        raise NotAuthenticated
    return client


def json_object(request: Request) -> dict[str, Any]:
    """The body as an object. Errors: InvalidRequest when it is another JSON value."""
    content = request.data
    if not isinstance(content, dict):
        raise InvalidRequest(errors=[FieldError("body", "wrong_type", "Send a JSON object.")])
    return content
