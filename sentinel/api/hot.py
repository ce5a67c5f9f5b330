"""Views of the hot routes: Django REST framework's contract, schema and policy without its machinery per request.

Behind the lean handler a POST is admitted and answered on the event loop, with credentials, scopes and rates from
memory and Redis. Any other handler dispatches the same view the usual way; tests/contracts/test_lean_dispatch.py
holds the two against each other.
"""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from sentinel.api.authentication import authenticate_async
from sentinel.api.lean import LeanRequest
from sentinel.api.parsing import StrictJsonParser, read_body
from sentinel.api.rate_limit import usage_count_async
from sentinel.api.rendering import JsonRenderer
from sentinel.api.scopes import require_scope
from sentinel.api.views import ApiView
from sentinel.core.clients import ClientIdentity

_JSON = StrictJsonParser.media_type
_ACCEPTS_JSON = frozenset({"", "*/*", _JSON})
_headers_of: dict[type, dict[str, str]] = {}


class HotRequest:
    """What hot views use of Django REST framework's Request."""

    accepted_renderer, accepted_media_type = JsonRenderer(), _JSON

    def __init__(self, request: LeanRequest, view: "HotView") -> None:
        self._request, self._view = request, view
        self.method, self.scope = request.method, request.scope
        self.user: ClientIdentity | None = None

    @property
    def data(self) -> Any:
        """The body's JSON value. Errors: UnsupportedMediaType, and those of read_body."""
        body = self._request.read()
        if body and self._request.content_type != _JSON:
            raise UnsupportedMediaType(self._request.META.get("CONTENT_TYPE", ""))
        return read_body(body, self._view) if body else {}


class HotView(ApiView):
    """`post` must be asyncio from end to end, and is given a Request or a HotRequest."""

    format_kwarg = None  # Django REST framework sets it for each request

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if isinstance(request, LeanRequest):
            return self._dispatch_lean(request)
        return super().dispatch(request, *args, **kwargs)

    async def post(self, request: Request) -> HttpResponse:
        raise NotImplementedError

    async def _dispatch_lean(self, request: LeanRequest) -> HttpResponse:
        hot: Any = HotRequest(request, self)
        self.request, self.headers = hot, self._response_headers()
        try:
            await self._admit(hot)
            response: HttpResponse = await self.post(hot)
        except Exception as error:
            response = self.handle_exception(error)
        finished: HttpResponse = self.finalize_response(hot, response)
        if isinstance(finished, Response):
            finished.render()  # here and now: Django would do it in a thread
        return finished

    def _response_headers(self) -> dict[str, str]:
        """Those of Django REST framework, which would look through all methods for each request."""
        kind = type(self)
        if kind not in _headers_of:
            _headers_of[kind] = self.default_response_headers
        return dict(_headers_of[kind])

    async def _admit(self, request: HotRequest) -> None:
        """In the order of Django REST framework's `initial`."""
        headers = request._request.META  # `request.headers` would first make another mapping of all of them
        if headers.get("HTTP_ACCEPT", "") not in _ACCEPTS_JSON:
            self.perform_content_negotiation(self.initialize_request(request._request))
        request.user = await authenticate_async(headers.get("HTTP_X_API_KEY"), headers.get("HTTP_AUTHORIZATION"))
        require_scope(request.user, self.scopes.get("POST"), "POST")
        request._request.rate_usage = usage = await usage_count_async(request.user)  # type: ignore[attr-defined]
        usage.check()


def json_answer(content: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """JSON that is bytes already: Django REST framework's Response would only get ready to render it."""
    return HttpResponse(content, status=status, headers=headers, content_type=_JSON)
