"""Pages of named origins may call the API, and no other page; hot and other routes answer alike."""

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured

from sentinel.api.cors import with_cors
from sentinel.api.lean import ApiHandler, LeanHandler
from sentinel.env import env_origins
from tests.gateway import Gateway, purchase

pytestmark = pytest.mark.contract

CONSOLE, ELSEWHERE = "https://console.bank.example", "https://console.bank.example.evil.example"
PATH = "/api/v1/transactions"
EXPOSED = "Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After, Server-Timing, X-Request-ID"
ASKED = "accept, authorization, content-type, idempotency-key, x-api-key, x-request-id"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,idempotency-key,x-api-key",
}


@pytest.fixture
def open_to(gateway):
    """open_to(handler, *origins) -> the gateway behind that handler, with these origins allowed."""

    def make(handler_class, *origins: str) -> Gateway:
        transport = httpx.ASGITransport(app=with_cors(handler_class(), origins), raise_app_exceptions=False)
        caller = httpx.AsyncClient(transport=transport, base_url="http://localhost")
        return Gateway(gateway.loop, caller, gateway.client, gateway.api_key)

    return make


def cors_headers(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def test_without_the_setting_there_is_nothing_around_the_handlers():
    handler = LeanHandler()

    assert with_cors(handler, []) is handler


def test_the_service_of_these_tests_is_open_to_no_page(gateway):
    answer = gateway.get("transactions", headers={"Origin": CONSOLE})

    assert answer.status_code == 200
    assert cors_headers(answer) == {}
    assert (
        gateway.request("OPTIONS", PATH, headers={"X-API-Key": "", "Origin": CONSOLE} | PREFLIGHT).status_code == 401
    )


@pytest.mark.parametrize("handler", [LeanHandler, ApiHandler])
def test_a_page_of_a_named_origin_is_answered(open_to, gateway, handler):
    account_id = gateway.open_account()

    answer = open_to(handler, CONSOLE).post(PATH, purchase(account_id), headers={"Origin": CONSOLE})

    assert answer.status_code == 201
    assert cors_headers(answer) == {
        "access-control-allow-origin": CONSOLE,
        "access-control-expose-headers": EXPOSED,
    }
    assert "Origin" in answer.headers.get_list("Vary", split_commas=True)


def test_hot_and_other_handlers_answer_alike(open_to, gateway):
    account_id = gateway.open_account()
    for origin in (CONSOLE, ELSEWHERE, "null", ""):
        answers = [
            open_to(handler, CONSOLE).post(PATH, purchase(account_id), headers={"Origin": origin} if origin else {})
            for handler in (LeanHandler, ApiHandler)
        ]

        assert [answer.status_code for answer in answers] == [201, 201]
        assert cors_headers(answers[0]) == cors_headers(answers[1])
        assert answers[0].headers.get_list("Vary") == answers[1].headers.get_list("Vary")


def test_a_refusal_can_be_read_by_the_page_too(open_to):
    answer = open_to(LeanHandler, CONSOLE).request(
        "POST", PATH, json={}, headers={"X-API-Key": "", "Origin": CONSOLE}
    )

    assert answer.status_code == 401
    assert cors_headers(answer)["access-control-allow-origin"] == CONSOLE


@pytest.mark.parametrize("handler", [LeanHandler, ApiHandler])
@pytest.mark.parametrize(
    "origin", [ELSEWHERE, "http://console.bank.example", f"{CONSOLE}:8443", "null", f"{CONSOLE}/"]
)
def test_a_page_of_another_origin_learns_nothing(open_to, gateway, handler, origin):
    answer = open_to(handler, CONSOLE).request("POST", PATH, json={}, headers={"Origin": origin})

    assert cors_headers(answer) == {}
    assert "Origin" in answer.headers.get_list("Vary", split_commas=True)


def test_no_answer_ever_allows_cookies_or_every_origin(open_to, gateway):
    for headers in ({"Origin": CONSOLE}, {"Origin": CONSOLE} | PREFLIGHT):
        for method in ("OPTIONS", "POST"):
            told = cors_headers(open_to(ApiHandler, CONSOLE).request(method, PATH, headers=headers))
            assert "access-control-allow-credentials" not in told
            assert told["access-control-allow-origin"] == CONSOLE


def test_a_browser_that_asks_first_is_answered_without_credentials(open_to):
    asked = {"X-API-Key": "", "Origin": CONSOLE} | PREFLIGHT

    answer = open_to(ApiHandler, CONSOLE).request("OPTIONS", PATH, headers=asked)

    assert (answer.status_code, answer.content) == (204, b"")
    assert cors_headers(answer) == {
        "access-control-allow-origin": CONSOLE,
        "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": ASKED,
        "access-control-max-age": "600",
    }


def test_a_browser_of_elsewhere_that_asks_first_is_told_to_log_in(open_to):
    asked = {"X-API-Key": "", "Origin": ELSEWHERE} | PREFLIGHT

    answer = open_to(ApiHandler, CONSOLE).request("OPTIONS", PATH, headers=asked)

    assert answer.status_code == 401
    assert cors_headers(answer) == {}


def test_two_origins_are_none(open_to, gateway):
    headers = [("X-API-Key", gateway.api_key), ("Origin", CONSOLE), ("Origin", ELSEWHERE)]
    caller = open_to(ApiHandler, CONSOLE)

    answer = gateway.loop.run(caller.http.get(PATH, headers=headers))

    assert cors_headers(answer) == {}


def test_origins_are_read(monkeypatch):
    monkeypatch.setenv("ORIGINS", "https://console.bank.example, http://localhost:3000")

    assert env_origins("ORIGINS") == ["https://console.bank.example", "http://localhost:3000"]


@pytest.mark.parametrize(
    "text",
    ["*", "https://*.bank.example", "console.bank.example", "https://console.bank.example/", "null", "ftp://a.example",
     "https://Console.bank.example", "https://console.bank.example:443", "https://a@b.example", "https://a.example?x",
     "https://a.example:99999", "https://"],
)  # fmt: skip
def test_what_no_browser_sends_as_an_origin_stops_the_start(monkeypatch, text):
    monkeypatch.setenv("ORIGINS", text)

    with pytest.raises(ImproperlyConfigured, match="ORIGINS must be origins"):
        env_origins("ORIGINS")
