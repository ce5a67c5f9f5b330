"""The least that a view can do, for both hello yardsticks."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


async def hello(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b'{"hello":"world"}', content_type="application/json")


urlpatterns = [path("", hello)]
