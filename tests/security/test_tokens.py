"""Tokens that were not made here, or not for this, open nothing: neither the hot routes nor the others."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from itertools import product
from time import time
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings

from ledger.models import Transaction
from sentinel.api.services import client_secret_rotate
from tests.contracts.test_credentials import ask
from tests.gateway import purchase

pytestmark = pytest.mark.contract

TERMS: dict[str, Any] = settings.SIMPLE_JWT
OURS: str = TERMS["SIGNING_KEY"]
THEIRS = "a key of somebody else, long enough for any algorithm " * 2
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
NONE_SPELLINGS = ("none", "None", "NONE", "nOnE", "", None)
LOCATORS: dict[str, Any] = {
    "kid": "../../../../dev/null",
    "jku": "https://attacker.test/keys.json",
    "x5u": "https://attacker.test/cert.pem",
    "jwk": {"kty": "oct", "k": urlsafe_b64encode(THEIRS.encode()).decode().rstrip("=")},
    "x5c": ["MIIB"],
    "crit": ["exp"],
}


def good(client: str, /, **changes: Any) -> dict[str, Any]:
    """What an access token says; a change to `...` leaves a claim out."""
    now = int(time())
    claims = {
        "token_type": "access", "client_id": client, "jti": uuid4().hex, "iat": now, "exp": now + 600,
        "iss": "sentinelstream", "aud": "sentinelstream-api",
    } | changes  # fmt: skip
    return {name: value for name, value in claims.items() if value is not ...}


def _part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def wrongly_signed(claims: dict[str, Any]) -> Iterator[str]:
    for spelling, signature in product(NONE_SPELLINGS, ("", "AAAA")):
        yield f"{_part({'alg': spelling, 'typ': 'JWT'})}.{_part(claims)}.{signature}"
    for algorithm in ("HS256", "HS384", "HS512"):
        yield jwt.encode(claims, THEIRS, algorithm)
        for name, value in LOCATORS.items():
            yield jwt.encode(claims, THEIRS, algorithm, headers={name: value})
    for algorithm in ("HS384", "HS512"):  # our key, and not our algorithm
        yield jwt.encode(claims, OURS, algorithm)
    for algorithm in ("RS256", "RS512", "PS256"):
        yield jwt.encode(claims, RSA, algorithm)
    yield jwt.encode(claims, CURVE, "ES256")
    header, body, signature = jwt.encode(claims, OURS, "HS256").split(".")
    yield f"{header}.{body}."
    yield f"{header}.{body}"
    yield f"{header}.{body}.{signature[::-1]}"
    yield f"{header}.{_part(claims | {'client_id': str(uuid4())})}.{signature}"
    yield f"{_part({'alg': 'none'})}.{body}.{signature}"
    yield from ("", ".", "..", "a.b.c", "null", "{}", "🔑.🔑.🔑", "a" * 5000)


def wrongly_meant(client_id: str) -> Iterator[str]:
    """Under our own key."""
    now = int(time())
    lies: tuple[dict[str, Any], ...] = (
        {"exp": now - 1}, {"exp": 0}, {"exp": "tomorrow"}, {"exp": ...}, {"nbf": now + 600}, {"iat": now + 600},
        {"aud": "another"}, {"aud": ...}, {"aud": []}, {"iss": "another"}, {"iss": ...}, {"iss": ""},
        {"token_type": "refresh"}, {"token_type": ...}, {"token_type": "sliding"},
        {"client_id": str(uuid4())}, {"client_id": "x"}, {"client_id": ""}, {"client_id": 7}, {"client_id": ...},
        {"client_id": ["a"]}, {"jti": ...}, {"jti": 7}, {"jti": ["a"]}, {"jti": None},
    )  # fmt: skip
    for changes in lies:
        yield _signed({"alg": "HS256", "typ": "JWT"}, good(client_id, **changes))


def _signed(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Signed without a look at the claims, which PyJWT has at those it encodes."""
    from jwt.algorithms import HMACAlgorithm

    message = f"{_part(header)}.{_part(claims)}"
    algorithm = HMACAlgorithm(HMACAlgorithm.SHA256)
    signature = algorithm.sign(message.encode(), algorithm.prepare_key(OURS))
    return f"{message}.{urlsafe_b64encode(signature).decode().rstrip('=')}"


def answers(gateway, token: str, account_id: str) -> list[int]:
    """Of a route that looks at credentials on the event loop, and of one that does not."""
    headers = {"X-API-Key": "", "Authorization": f"Bearer {token}".encode()}
    paid = gateway.post("transactions", purchase(account_id), headers=headers)
    return [paid.status_code, gateway.get("transactions", headers=headers).status_code]


def test_a_token_made_as_ours_are_opens_both_kinds_of_routes(gateway):
    token = _signed({"alg": "HS256", "typ": "JWT"}, good(str(gateway.client.id)))

    assert answers(gateway, token, gateway.open_account()) == [201, 200]


def test_hostile_tokens_open_nothing(gateway):
    client_id, account_id = str(gateway.client.id), gateway.open_account()
    hostile = [*wrongly_signed(good(client_id)), *wrongly_meant(client_id)]

    opened = {token: told for token in hostile if (told := answers(gateway, token, account_id)) != [401, 401]}

    assert len(hostile) >= 70
    assert opened == {}
    assert not Transaction.objects.filter(account_id=account_id).exists()


def test_hostile_tokens_renew_and_revoke_nothing(gateway):
    client_id = str(gateway.client.id)
    hostile = [*wrongly_signed(good(client_id, token_type="refresh")), *wrongly_meant(client_id)]

    told = {
        (path, answer.status_code)
        for path, field in (("auth/token/refresh", "refresh"), ("auth/token/revoke", "token"))
        for token in hostile
        if token and len(token) <= 2000
        if (answer := ask(gateway, path, **{field: token})).status_code not in (400, 401)
    }

    # A refresh token under our key with our claims may be revoked; one without the secret's mark renews nothing.
    assert told <= {("auth/token/revoke", 204)}


def test_a_revoked_refresh_token_and_a_switched_off_client_renew_nothing(gateway):
    secret = client_secret_rotate(client=gateway.client)
    credentials = {"client_id": str(gateway.client.id), "client_secret": secret}
    first, second = (ask(gateway, "auth/token", **credentials).json() for _ in range(2))

    assert ask(gateway, "auth/token/revoke", token=first["refresh"]).status_code == 204
    assert ask(gateway, "auth/token/refresh", refresh=first["refresh"]).status_code == 401

    gateway.client.is_active = False
    gateway.client.save()
    assert ask(gateway, "auth/token/refresh", refresh=second["refresh"]).status_code == 401


def test_an_access_token_renews_nothing(gateway):
    secret = client_secret_rotate(client=gateway.client)
    tokens = ask(gateway, "auth/token", client_id=str(gateway.client.id), client_secret=secret).json()

    assert ask(gateway, "auth/token/refresh", refresh=tokens["access"]).status_code == 401


def test_tokens_live_shortly():
    assert TERMS["ALGORITHM"] == "HS256"
    assert TERMS["ACCESS_TOKEN_LIFETIME"].total_seconds() <= 900
    assert TERMS["REFRESH_TOKEN_LIFETIME"].total_seconds() <= 86_400
