"""Every route of the API counts the requests of a client, tells where it stands, and refuses beyond its rate.

A new route is met here by itself (see test_routes).
"""

from random import randbytes
from typing import Any

import pytest
from django.urls import resolve

from sentinel.api.rate_limit import LOGIN_RATE, TOKEN_RATE
from tests.contracts.test_routes import METHODS, address, guarded

pytestmark = pytest.mark.contract

TOKEN_ROUTES = {"auth/token": ("login", LOGIN_RATE), "auth/token/refresh": ("token", TOKEN_RATE),
                "auth/token/revoke": ("token", TOKEN_RATE)}  # fmt: skip


@pytest.mark.parametrize("route", guarded())
def test_a_route_tells_the_rate_and_keeps_it(new_gateway, route):
    gateway = new_gateway(rate="1/d", livemode=False)
    method = next(each for each in METHODS if answers_to(each, route))

    before, beyond = (gateway.request(method, address(route)) for _ in range(2))

    assert before.headers["RateLimit-Policy"] == '"client";q=1;w=86400'
    assert before.headers["RateLimit"].startswith('"client";r=0;t=')
    assert (beyond.status_code, beyond.json()["code"]) == (429, "rate_limited")
    assert beyond.headers["Content-Type"] == "application/problem+json"
    assert 0 < int(beyond.headers["Retry-After"]) <= 86_400
    assert beyond.headers["RateLimit"].startswith('"client";r=0;t=')


def answers_to(method: str, route: str) -> bool:
    """Asked of the URL configuration, so that asking is not counted."""
    view: Any = resolve(address(route)).func
    return method.lower() in view.cls.http_method_names and hasattr(view.cls, method.lower())


@pytest.mark.parametrize("route", TOKEN_ROUTES)
def test_whoever_asks_for_tokens_is_told_the_rate_of_its_address(gateway, route):
    policy, rate = TOKEN_ROUTES[route]
    limit = int(rate.partition("/")[0])
    caller = gateway.at(f"fd00:{randbytes(2).hex()}:{randbytes(2).hex()}::1")

    first, second = (caller.request("POST", route, json={}) for _ in "12")

    assert (first.status_code, second.status_code) == (400, 400)
    assert first.headers["RateLimit-Policy"] == f'"{policy}";q={limit};w=60'
    left = [int(answer.headers["RateLimit"].split(";")[1].removeprefix("r=")) for answer in (first, second)]
    assert left in ([limit - 1, limit - 2], [limit - 1, limit - 1])  # a minute may end in between
