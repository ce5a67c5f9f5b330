"""What the API needs of middleware: security headers. Sessions, CSRF and messages belong to pages."""

from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import async_only_middleware

Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]


def security_headers() -> dict[str, str]:
    headers = {"X-Content-Type-Options": "nosniff"}
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    return headers


@async_only_middleware
def api_headers(get_response: Handler) -> Handler:
    headers = security_headers()

    async def handle(request: HttpRequest) -> HttpResponse:
        response = await get_response(request)
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    return handle
