"""Views of the hot routes: Django REST framework's contract, schema and policy without its machinery per request.

Behind the lean handler a POST is admitted and answered on the event loop, with credentials, scopes and rates from
memory and Redis. Any other handler dispatches the same view the usual way; tests/contracts/test_lean_dispatch.py
holds the two against each other.
"""

from collections.abc import Awaitable
from typing import Any, ClassVar, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from sentinel.api.authentication import authenticate_async
from sentinel.api.lean import LeanRequest, ReadyResponse, encoded_headers
from sentinel.api.parsing import StrictJsonParser, read_body
from sentinel.api.rate_limit import Usage, usage_count_async
from sentinel.api.rendering import JsonRenderer
from sentinel.api.scopes import require_scope
from sentinel.api.views import FIXED_HEADERS, ApiView
from sentinel.core.clients import ClientIdentity

_JSON = StrictJsonParser.media_type
_ACCEPTS_JSON = frozenset({"", "*/*", _JSON})


class JsonAnswer(NamedTuple):
    """JSON that is bytes already. Behind the lean handler it is sent as it is, behind any other as a response."""

    content: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class HotRequest:
    """What hot views use of Django REST framework's Request."""

    accepted_renderer, accepted_media_type = JsonRenderer(), _JSON
    user: ClientIdentity | None = None
    rate_usage: Usage | None = None

    # The view must not know of this object before it refuses: what holds each other waits for the garbage collector.
    def __init__(self, request: LeanRequest, view: "HotView") -> None:
        self._request, self._view = request, view
        self.scope = request.scope

    @property
    def data(self) -> Any:
        """The body's JSON value. Errors: UnsupportedMediaType, and those of read_body."""
        body, kind = self._request.body, self._request.header(b"content-type")
        # Django's content_type is without parameters, such as a charset; most requests have none.
        if body and kind != _JSON and self._request.content_type != _JSON:
            raise UnsupportedMediaType(kind)
        return read_body(body, self._view) if body else {}


class HotView(ApiView):
    """`post` must be asyncio from end to end, and is given a Request or a HotRequest."""

    body_bytes_max = settings.API_BODY_BYTES_MAX
    format_kwarg = None  # Django REST framework sets it for each request
    answer_headers: ClassVar[list[tuple[bytes, bytes]]]

    def __init_subclass__(cls) -> None:
        """Put together the headers that all its answers have. Django REST framework does so for each request."""
        view = cls()
        view.setup(HttpRequest())
        cls.answer_headers = encoded_headers({"Content-Type": _JSON} | FIXED_HEADERS | view.default_response_headers)

    async def post(self, request: Request) -> JsonAnswer:
        raise NotImplementedError

    @classmethod
    def answer_lean(cls, request: LeanRequest) -> Awaitable[ReadyResponse | HttpResponse]:
        """What the lean handler calls in the place of the view function."""
        return cls()._answer(request)

    async def _answer(self, request: LeanRequest) -> ReadyResponse | HttpResponse:
        hot: Any = HotRequest(request, self)
        try:
            usage = await self._admit(request, hot)
            answer = await self.post(hot)
        except Exception as error:
            return self._refusal(hot, error)
        headers = dict(answer.headers) | usage.headers()
        return ReadyResponse(answer.status, encoded_headers(headers) + self.answer_headers, answer.content)

    async def _admit(self, request: LeanRequest, hot: HotRequest) -> Usage:
        """In the order of Django REST framework's `initial`."""
        if request.header(b"accept") not in _ACCEPTS_JSON:
            self.perform_content_negotiation(self.initialize_request(request))
        hot.user = request.client = await authenticate_async(
            request.header(b"x-api-key"), request.header(b"authorization"), request.address
        )
        require_scope(hot.user, self.scopes.get("POST"), "POST")
        hot.rate_usage = usage = await usage_count_async(hot.user)
        usage.check()
        return usage

    def _refusal(self, hot: Any, error: Exception) -> HttpResponse:
        self.setup(hot)
        self.headers = self.default_response_headers
        response: Response = self.finalize_response(hot, self.handle_exception(error))
        response.render()  # here and now: Django would do it in a thread
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(response, JsonAnswer):
            content, status, headers = response
            response = HttpResponse(content, status=status, headers=dict(headers), content_type=_JSON)
        return super().finalize_response(request, response, *args, **kwargs)
