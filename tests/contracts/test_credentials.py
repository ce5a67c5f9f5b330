"""Keys, tokens, scopes and rates."""

import copy
from datetime import timedelta
from random import randbytes
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest
from django.utils import timezone

from sentinel.api import rate_limit
from sentinel.api.directory import directory_forget
from sentinel.api.models import ApiKey, RevokedToken
from sentinel.api.rate_limit import usage_count
from sentinel.api.services import (
    api_key_create,
    api_key_revoke,
    client_secret_rotate,
    revoked_tokens_prune,
    token_revoke,
)
from sentinel.api.tokens import tokens_for
from sentinel.core.clients import ClientIdentity
from tests.gateway import purchase

pytestmark = pytest.mark.contract


@pytest.fixture
def tokens(gateway):
    secret = client_secret_rotate(client=gateway.client)
    return ask(gateway, "auth/token", client_id=str(gateway.client.id), client_secret=secret).json()


def ask(gateway, path, *, address=None, **body):
    """From an address of its own unless told, since log-ins are counted per address."""
    from sentinel.asgi import application

    address = address or f"fd{randbytes(1).hex()}:{randbytes(2).hex()}:{randbytes(2).hex()}:{randbytes(2).hex()}::1"
    transport = httpx.ASGITransport(app=application, client=(address, 1), raise_app_exceptions=False)
    caller = httpx.AsyncClient(transport=transport, base_url="http://localhost")
    return gateway.loop.run(caller.post(f"/api/v1/{path}", json=body))


def with_token(gateway, access):
    return gateway.get("transactions", headers={"X-API-Key": "", "Authorization": f"Bearer {access}"})


def test_a_token_opens_the_api(gateway, tokens):
    assert tokens["expires_in"] == 600
    assert with_token(gateway, tokens["access"]).status_code == 200


def test_a_refresh_token_gives_a_new_pair_once(gateway, tokens):
    renewed = ask(gateway, "auth/token/refresh", refresh=tokens["refresh"])
    assert with_token(gateway, renewed.json()["access"]).status_code == 200

    assert ask(gateway, "auth/token/refresh", refresh=tokens["refresh"]).status_code == 401


def test_a_refresh_token_that_is_sent_twice_ends_all_of_its_log_in(gateway, tokens):
    first = ask(gateway, "auth/token/refresh", refresh=tokens["refresh"]).json()
    second = ask(gateway, "auth/token/refresh", refresh=first["refresh"]).json()
    assert with_token(gateway, second["access"]).status_code == 200

    assert ask(gateway, "auth/token/refresh", refresh=tokens["refresh"]).status_code == 401

    for each in (tokens, first, second):
        assert with_token(gateway, each["access"]).status_code == 401
        assert ask(gateway, "auth/token/refresh", refresh=each["refresh"]).status_code == 401


def test_another_log_in_of_the_client_goes_on(gateway):
    secret = client_secret_rotate(client=gateway.client)
    mine, other = (
        ask(gateway, "auth/token", client_id=str(gateway.client.id), client_secret=secret).json() for _ in range(2)
    )
    for _ in range(2):
        ask(gateway, "auth/token/refresh", refresh=mine["refresh"])

    assert with_token(gateway, mine["access"]).status_code == 401
    assert with_token(gateway, other["access"]).status_code == 200
    assert ask(gateway, "auth/token/refresh", refresh=other["refresh"]).status_code == 200


def test_revoking_a_refresh_token_ends_what_came_of_it(gateway, tokens):
    renewed = ask(gateway, "auth/token/refresh", refresh=tokens["refresh"]).json()
    assert ask(gateway, "auth/token/revoke", token=renewed["refresh"]).status_code == 204

    for each in (tokens, renewed):
        assert with_token(gateway, each["access"]).status_code == 401


def test_a_token_made_before_there_were_families_is_one_of_its_own(gateway):
    client_secret_rotate(client=gateway.client)
    refresh, _ = tokens_for(gateway.client)
    del refresh.payload["family"]

    renewed = ask(gateway, "auth/token/refresh", refresh=str(refresh))
    again = ask(gateway, "auth/token/refresh", refresh=str(refresh))

    assert (renewed.status_code, again.status_code) == (200, 401)
    assert with_token(gateway, renewed.json()["access"]).status_code == 401


def test_a_revoked_token_stops_working(gateway, tokens):
    assert ask(gateway, "auth/token/revoke", token=tokens["access"]).status_code == 204

    assert with_token(gateway, tokens["access"]).status_code == 401


def test_a_new_secret_ends_the_refresh_tokens_of_the_old_one(gateway, tokens):
    secret = client_secret_rotate(client=gateway.client)

    refused = ask(gateway, "auth/token/refresh", refresh=tokens["refresh"])
    fresh = ask(gateway, "auth/token", client_id=str(gateway.client.id), client_secret=secret).json()

    assert refused.status_code == 401
    assert ask(gateway, "auth/token/refresh", refresh=fresh["refresh"]).status_code == 200


def test_a_revoked_token_is_forgotten_once_it_has_expired(committed):
    now = timezone.now()
    kept, gone = uuid4().hex, uuid4().hex
    token_revoke(jti=kept, expires_at=now + timedelta(seconds=1))
    token_revoke(jti=gone, expires_at=now)

    assert revoked_tokens_prune(now=now) >= 1

    assert list(RevokedToken.objects.filter(jti__in=[kept, gone])) == [RevokedToken(jti=kept)]


def test_a_refresh_token_is_not_an_access_token(gateway, tokens):
    assert with_token(gateway, tokens["refresh"]).status_code == 401


@pytest.mark.parametrize("change", [lambda text: text[:-4] + "AAAA", lambda text: "", lambda text: text + ".x"])
def test_a_tampered_token_is_refused(gateway, tokens, change):
    assert with_token(gateway, change(tokens["access"])).status_code == 401


def test_an_unsigned_token_is_refused(gateway):
    import jwt

    claims = {"client_id": str(gateway.client.id), "token_type": "access", "jti": "x", "exp": 4102444800}
    claims |= {"iss": "sentinelstream", "aud": "sentinelstream-api"}

    assert with_token(gateway, jwt.encode(claims, "", algorithm="none")).status_code == 401
    assert with_token(gateway, jwt.encode(claims, "wrong-key-wrong-key-wrong-key-wrong", "HS256")).status_code == 401


@pytest.mark.parametrize("wrong", [{"client_secret": "cs_guess"}, {"client_id": "0" * 32}])
def test_a_wrong_secret_gets_no_token(gateway, wrong):
    secret = client_secret_rotate(client=gateway.client)
    body = {"client_id": str(gateway.client.id), "client_secret": secret} | wrong

    refused = ask(gateway, "auth/token", **body)

    assert refused.status_code == 401
    assert "access" not in refused.json()


@pytest.fixture
def hourly_logins(monkeypatch):
    """An hour, since a minute may end in the middle of a test."""
    monkeypatch.setattr(rate_limit, "LOGIN_RATE", "20/h")


@pytest.mark.usefixtures("hourly_logins")
def test_guesses_are_counted_per_client_whatever_address_they_come_from(gateway):
    client_id = str(gateway.client.id)
    spellings = [client_id, client_id.replace("-", "")]

    answers = [
        ask(gateway, "auth/token", client_id=spellings[n % 2], client_secret="cs_guess").status_code
        for n in range(21)
    ]

    assert answers == [401] * 20 + [429]


@pytest.mark.usefixtures("hourly_logins")
def test_guesses_are_counted_per_address_whatever_client_they_are_for(gateway):
    answers = [
        ask(gateway, "auth/token", address=f"2001:db8::{n}", client_id=str(uuid4()), client_secret="cs_guess")
        for n in range(21)
    ]

    assert [answer.status_code for answer in answers] == [401] * 20 + [429]
    assert int(answers[20].headers["Retry-After"]) > 0


def test_a_caller_whose_address_is_no_address_is_answered(gateway):
    assert ask(gateway, "auth/token/refresh", address="not-an-address", refresh="x").status_code == 401


def test_tokens_are_renewed_more_often_than_they_are_asked_for(gateway):
    answers = {ask(gateway, "auth/token/refresh", address="192.0.2.7", refresh="x").status_code for _ in range(25)}

    assert answers == {401}


def test_a_switched_off_client_is_refused(gateway, tokens):
    gateway.client.is_active = False
    gateway.client.save()
    directory_forget()

    assert gateway.get("transactions").status_code == 401
    assert with_token(gateway, tokens["access"]).status_code == 401


def test_a_key_is_stored_as_a_digest_only(gateway):
    key, text = api_key_create(client=gateway.client)

    stored = " ".join(str(value) for value in ApiKey.objects.filter(pk=key.pk).values_list().get())

    assert text not in stored
    assert text.rpartition("_")[2] not in stored


def test_a_new_key_works_at_once_and_a_revoked_one_no_more(gateway):
    key, text = api_key_create(client=gateway.client)
    assert gateway.get("transactions", headers={"X-API-Key": text}).status_code == 200

    api_key_revoke(key=key, now=timezone.now())
    directory_forget()

    assert gateway.get("transactions", headers={"X-API-Key": text}).status_code == 401


def test_an_expired_key_is_refused(gateway):
    _, text = api_key_create(client=gateway.client, expires_at=timezone.now() - timedelta(seconds=1))

    assert gateway.get("transactions", headers={"X-API-Key": text}).status_code == 401


def test_a_client_over_its_rate_is_told_when_to_come_back(new_gateway):
    gateway = new_gateway(rate="3/h")

    answers = [gateway.get("transactions") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[0].headers["RateLimit"].startswith('"client";r=2;t=')
    assert answers[0].headers["RateLimit-Policy"] == '"client";q=3;w=3600'
    assert answers[3].json()["code"] == "rate_limited"
    assert 0 < int(answers[3].headers["Retry-After"]) <= 3600


def test_replays_count_against_the_rate(new_gateway):
    gateway = new_gateway(rate="3/h")
    account_id = gateway.open_account()

    answers = [gateway.pay(account_id, key="one").status_code for _ in range(3)]

    assert answers == [201, 201, 429]


def test_the_rate_is_the_clients_whatever_address_it_claims(new_gateway):
    gateway = new_gateway(rate="1/h")
    gateway.get("transactions")

    forged = {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=198.51.100.7", "X-Real-IP": "198.51.100.7"}

    assert gateway.get("transactions", headers=forged).status_code == 429


@pytest.fixture
def without_redis(settings):
    dead = copy.deepcopy(settings.CACHES)
    dead["default"]["LOCATION"] = "redis://127.0.0.1:1/0"
    settings.CACHES = dead


def test_without_redis_clients_taking_turns_are_counted_apart(without_redis):
    clients = [ClientIdentity(uuid4(), name, frozenset(), rate="2/h") for name in ("one", "two")]

    usages = [usage_count(None, client) for _ in range(3) for client in clients]

    assert [usage.count for usage in usages] == [1, 1, 2, 2, 3, 3]
    assert [usage.is_over for usage in usages[-2:]] == [True, True]


def test_without_redis_only_the_present_windows_are_kept(without_redis, monkeypatch):
    hourly, secondly = (ClientIdentity(uuid4(), rate, frozenset(), rate=rate) for rate in ("9/h", "9/s"))
    monkeypatch.setattr(rate_limit, "_counted_here", rate_limit._counted_here.copy())
    rate_limit._counted_here.clear()
    for now_seconds in (3600, 3601, 3602):
        monkeypatch.setattr(rate_limit, "time", SimpleNamespace(time=lambda now_seconds=now_seconds: now_seconds))
        counts = [usage_count(None, client).count for client in (hourly, secondly)]

    assert counts == [3, 1]
    assert len(rate_limit._counted_here) == 2


def test_a_test_client_never_meets_a_live_account(gateway, new_gateway):
    tester = new_gateway(livemode=False, all_accounts=True)
    live, test = gateway.open_account(), tester.open_account()

    assert tester.pay(live).status_code == 422
    assert gateway.pay(test).status_code == 422
    assert tester.pay(test).json()["outcome"] == "approve"


@pytest.mark.parametrize(
    ("amount", "outcome", "code"),
    [
        ("100.01", "approve", "approved"),
        ("100.02", "review", "pending_review"),
        ("100.03", "decline", "do_not_honor"),
    ],
)
def test_a_test_client_gets_the_outcome_it_asks_for(gateway, new_gateway, amount, outcome, code):
    tester = new_gateway(livemode=False, all_accounts=True)
    account = tester.open_account()

    answer = tester.pay(account, amount).json()
    assert (answer["outcome"], answer["response_code"]) == (outcome, code)
    assert [reason["code"] for reason in answer["reasons"]] == ["test.magic_amount"]
    scored = tester.post("score", {"items": [purchase(account, amount)]}).json()["results"][0]
    assert scored["outcome"] == outcome

    assert gateway.pay(gateway.open_account(), amount).json()["outcome"] == "approve"


def test_missing_funds_decline_what_would_be_approved(new_gateway):
    tester = new_gateway(livemode=False, all_accounts=True)
    account = tester.open_account("0")

    answer = tester.pay(account, "100.01").json()
    assert (answer["outcome"], answer["response_code"]) == ("decline", "insufficient_funds")
