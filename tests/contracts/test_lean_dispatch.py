"""The lean handler answers like stock dispatch: same status, same headers, same body, for whatever is sent."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from sentinel.api.lean import ApiHandler, LeanHandler, LeanRequest
from sentinel.asgi import HOT_PATHS
from tests.gateway import Gateway, purchase

pytestmark = pytest.mark.contract

PAYMENT = json.dumps(purchase("acc_nobody")).encode()
JSON = {"Content-Type": "application/json"}
CASES: dict[str, tuple[dict[str, str], bytes]] = {
    "nobody": (JSON, PAYMENT),
    "a wrong key": (JSON | {"X-API-Key": "sk_live_00000000_wrong"}, PAYMENT),
    "a key of another shape": (JSON | {"X-API-Key": "letmein"}, PAYMENT),
    "a token that is none": (JSON | {"Authorization": "Bearer abc"}, PAYMENT),
    "another scheme": (JSON | {"Authorization": "Basic abc"}, PAYMENT),
    "an unknown account": (JSON | {"X-API-Key": "own"}, PAYMENT),
    "no idempotency key": (JSON | {"X-API-Key": "own", "Idempotency-Key": ""}, PAYMENT),
    "no body": (JSON | {"X-API-Key": "own"}, b""),
    "not an object": (JSON | {"X-API-Key": "own"}, b"[]"),
    "not JSON": (JSON | {"X-API-Key": "own"}, b"{"),
    "a body too large": (JSON | {"X-API-Key": "own"}, b" " * 5_000_000),
    "a charset": ({"Content-Type": "application/json; charset=utf-8", "X-API-Key": "own"}, PAYMENT),
    "a form": ({"Content-Type": "application/x-www-form-urlencoded", "X-API-Key": "own"}, b"a=1"),
    "no content type": ({"X-API-Key": "own"}, PAYMENT),
    "accepts XML only": (JSON | {"X-API-Key": "own", "Accept": "application/xml"}, PAYMENT),
    "accepts much": (JSON | {"X-API-Key": "own", "Accept": "text/html, application/json;q=0.9"}, PAYMENT),
}
# What differs by design: the counted request itself, how long it took, and who writes the length.
_APART = {"ratelimit", "server-timing", "content-length", "x-request-id"}


@pytest.fixture
def stock(event_loop_thread) -> Iterator[httpx.AsyncClient]:
    """The same views behind Django's own way of handling a request."""
    handler: Any = ApiHandler()
    transport = httpx.ASGITransport(app=handler, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    yield client
    event_loop_thread.run(client.aclose())


@pytest.mark.parametrize("path", sorted(HOT_PATHS))
@pytest.mark.parametrize("case", CASES)
def test_both_answer_alike(case: str, path: str, gateway: Gateway, stock) -> None:
    headers, body = CASES[case]
    headers = {"Idempotency-Key": str(uuid4())} | headers
    if headers.get("X-API-Key") == "own":
        headers["X-API-Key"] = gateway.api_key

    lean_answer = gateway.loop.run(gateway.http.post(path, headers=headers, content=body))
    stock_answer = gateway.loop.run(stock.post(path, headers=headers, content=body))

    assert comparable(lean_answer) == comparable(stock_answer)


def test_a_replay_is_the_same_bytes_either_way(gateway: Gateway, stock) -> None:
    account_id = gateway.open_account()
    first = gateway.pay(account_id, key="once")

    headers = {"X-API-Key": gateway.api_key, "Idempotency-Key": "once"}
    again = gateway.loop.run(stock.post("/api/v1/transactions", headers=headers, json=purchase(account_id)))
    once_more = gateway.pay(account_id, key="once")

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert comparable(once_more) == comparable(again)
    assert once_more.headers["RateLimit"].startswith('"client";r=')
    assert once_more.headers["Server-Timing"].startswith("decide;dur=")
    assert int(once_more.headers["Content-Length"]) == len(first.content)


@pytest.mark.parametrize(("path", "field"), [("transactions/bulk", "transactions"), ("score", "items")])
def test_items_are_answered_alike(path: str, field: str, gateway: Gateway, stock) -> None:
    headers, body = {"X-API-Key": gateway.api_key}, {field: [purchase("acc_nobody")]}
    answers = [
        gateway.loop.run(client.post(f"/api/v1/{path}", headers=headers, json=body))
        for client in (gateway.http, stock)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert comparable(answers[0])[1] == comparable(answers[1])[1]


def test_headers_are_read_as_django_reads_them() -> None:
    sent = [(b"accept", b"a"), (b"x-api-key", b"\xe9"), (b"accept", b"b"), (b"x_api_key", b"forged"), (b"host", b"h")]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"a=1", "headers": sent}

    request = LeanRequest(scope, b"body")

    assert [request.header(name) for name in (b"accept", b"x-api-key", b"authorization")] == ["a,b", "\xe9", ""]
    assert (request.META["HTTP_ACCEPT"], request.META["HTTP_X_API_KEY"]) == ("a,b", "\xe9")
    assert (request.GET["a"], request.body, request.read()) == ("1", b"body", b"body")
    assert not hasattr(request, "no_such_thing")


def test_a_query_that_is_no_text_is_refused() -> None:
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"a=\xff", "headers": []}

    handler: Any = LeanHandler()
    request, refused = handler.create_request(scope, b"")

    assert request is None
    assert refused.status_code == 400


def test_both_count_the_same_window(new_gateway, stock) -> None:
    gateway = new_gateway(rate="3/d")
    headers = JSON | {"X-API-Key": gateway.api_key, "Idempotency-Key": "k"}

    answers = [
        gateway.loop.run(client.post("/api/v1/transactions", headers=headers, content=b"{}"))
        for client in (gateway.http, stock, gateway.http, stock, gateway.http)
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 429, 429]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0", "r=0"]


def comparable(answer: httpx.Response) -> tuple[int, dict[str, Any], bytes]:
    headers = {name: value for name, value in answer.headers.items() if name not in _APART}
    return answer.status_code, headers, answer.content
