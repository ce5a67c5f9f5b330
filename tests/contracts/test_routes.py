"""Nobody gets in by a route that was forgotten: every one of the URL configuration asks for credentials and a scope.

A new route is met here by itself. One that lets everybody in has to be named in OPEN.
"""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from sentinel.api.models import GatewayClient
from sentinel.api.scopes import HasScopes
from sentinel.api.views import ApiView
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import NotPermitted

pytestmark = pytest.mark.contract

OPEN = {
    "",
    "admin",
    "livez",
    "readyz",
    "health",
    "services/status",
    "metrics",  # for networks of the settings; test_metrics.py
    "api/schema/",
    "api/docs/",
    "api/docs/problems",
    "api/v1/auth/token",
    "api/v1/auth/token/refresh",
    "api/v1/auth/token/revoke",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")


def routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """Every route but those of the Admin, which asks for a session (tests/admin)."""
    for part in resolver.url_patterns:
        route = before + str(part.pattern)
        if isinstance(part, URLPattern):
            yield route
        elif route != "admin/":
            yield from routes(part, route)


def guarded() -> list[str]:
    return sorted(set(routes(get_resolver())) - OPEN)


def address(route: str) -> str:
    return "/" + re.sub(r"<[^>]+>", "1", route)


@pytest.fixture
def nobody(new_gateway):
    """A client without any scope."""
    gateway = new_gateway()
    GatewayClient.objects.filter(pk=gateway.client.pk).update(scopes=[])
    return gateway


def test_open_routes_exist():
    assert set(routes(get_resolver())) > OPEN


@pytest.mark.parametrize("route", guarded())
def test_a_route_is_closed_to_a_client_without_scopes(nobody, route):
    answers = {method: nobody.request(method, address(route)).status_code for method in METHODS}

    assert set(answers.values()) <= {403, 405}, answers
    assert 403 in answers.values(), answers


@pytest.mark.parametrize("route", guarded())
def test_a_route_is_closed_without_credentials(nobody, route):
    answers = {
        method: nobody.request(method, address(route), headers={"X-API-Key": ""}).status_code
        for method in (*METHODS, "OPTIONS")
    }

    assert set(answers.values()) == {401}, answers


def test_head_is_open_to_those_who_may_get(new_gateway):
    gateway = new_gateway(scopes=["transactions:read"])

    assert gateway.request("HEAD", "transactions").status_code == 200
    assert gateway.request("HEAD", "labels").status_code == 403


def test_a_method_without_a_scope_is_closed_to_everybody():
    class Forgetful(ApiView):
        def post(self, request): ...

    client = ClientIdentity(uuid4(), "gateway", frozenset({"labels:write"}))
    request: Any = SimpleNamespace(method="POST", user=client)

    with pytest.raises(NotPermitted):
        HasScopes().has_permission(request, Forgetful())
