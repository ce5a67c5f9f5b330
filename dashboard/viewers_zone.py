"""Pages show moments in the zone of whoever looks. Their browser says it by a cookie (static/sentinel/zone.js)."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.decorators import sync_and_async_middleware

from sentinel.core.zones import zone_listed

COOKIE = "zone"
_NOT_PAGES = ("/api/", "/transaction")


@sync_and_async_middleware
def viewers_zone(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """What the API says is the same for everybody; without the cookie, or with one of nonsense, pages are in UTC."""
    if iscoroutinefunction(get_response):

        async def handle_async(request: HttpRequest) -> HttpResponse:
            with zone_of(request):
                answer: Awaitable[HttpResponse] = get_response(request)
                return await answer

        return handle_async

    def handle(request: HttpRequest) -> HttpResponse:
        with zone_of(request):
            response: HttpResponse = get_response(request)
            return response

    return handle


def zone_of(request: HttpRequest) -> timezone.override:
    """Ends with the request, so that the next one on this thread or task does not see it."""
    is_page = not request.path.startswith(_NOT_PAGES)
    return timezone.override(zone_listed(request.COOKIES.get(COOKIE, "")) if is_page else None)
