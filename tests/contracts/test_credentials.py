"""Keys, tokens, scopes and rates."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sentinel.api.directory import directory_forget
from sentinel.api.models import ApiKey
from sentinel.api.services import api_key_create, api_key_revoke, client_secret_rotate

pytestmark = pytest.mark.contract


@pytest.fixture
def tokens(gateway):
    secret = client_secret_rotate(client=gateway.client)
    return ask(gateway, "auth/token", client_id=str(gateway.client.id), client_secret=secret).json()


def ask(gateway, path, **body):
    return gateway.request("POST", path, json=body, headers={"X-API-Key": ""})


def with_token(gateway, access):
    return gateway.get("transactions", headers={"X-API-Key": "", "Authorization": f"Bearer {access}"})


def test_a_token_opens_the_api(gateway, tokens):
    assert tokens["expires_in"] == 600
    assert with_token(gateway, tokens["access"]).status_code == 200


def test_a_refresh_token_gives_a_new_pair_once(gateway, tokens):
    renewed = ask(gateway, "auth/token/refresh", refresh=tokens["refresh"])
    again = ask(gateway, "auth/token/refresh", refresh=tokens["refresh"])

    assert with_token(gateway, renewed.json()["access"]).status_code == 200
    assert again.status_code == 401


def test_a_revoked_token_stops_working(gateway, tokens):
    assert ask(gateway, "auth/token/revoke", token=tokens["access"]).status_code == 204

    assert with_token(gateway, tokens["access"]).status_code == 401


def test_a_refresh_token_is_not_an_access_token(gateway, tokens):
    assert with_token(gateway, tokens["refresh"]).status_code == 401


@pytest.mark.parametrize("change", [lambda text: text[:-4] + "AAAA", lambda text: "", lambda text: text + ".x"])
def test_a_tampered_token_is_refused(gateway, tokens, change):
    assert with_token(gateway, change(tokens["access"])).status_code == 401


def test_an_unsigned_token_is_refused(gateway):
    import jwt

    claims = {"client_id": str(gateway.client.id), "token_type": "access", "jti": "x", "exp": 4102444800}
    claims |= {"iss": "sentinelstream", "aud": "sentinelstream-api"}

    assert with_token(gateway, jwt.encode(claims, None, algorithm="none")).status_code == 401
    assert with_token(gateway, jwt.encode(claims, "wrong-key-wrong-key-wrong-key-wrong", "HS256")).status_code == 401


@pytest.mark.parametrize("wrong", [{"client_secret": "cs_guess"}, {"client_id": "0" * 32}])
def test_a_wrong_secret_gets_no_token(gateway, wrong):
    secret = client_secret_rotate(client=gateway.client)
    body = {"client_id": str(gateway.client.id), "client_secret": secret} | wrong

    refused = ask(gateway, "auth/token", **body)

    assert refused.status_code == 401
    assert "access" not in refused.json()


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


def test_a_test_client_never_meets_a_live_account(gateway, new_gateway):
    tester = new_gateway(livemode=False, all_accounts=True)
    live, test = gateway.open_account(), tester.open_account()

    assert tester.pay(live).status_code == 422
    assert gateway.pay(test).status_code == 422
    assert tester.pay(test).json()["outcome"] == "approve"
