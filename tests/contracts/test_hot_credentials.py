"""Credentials on the hot routes, where they are remembered: what is taken back is not remembered for long."""

import time

import pytest
from django.utils import timezone

from ledger.models import Transaction
from sentinel.api import directory, tokens
from sentinel.api.models import ApiKey, GatewayClient
from sentinel.api.services import api_key_revoke, token_revoke
from tests.gateway import Gateway

pytestmark = pytest.mark.contract


@pytest.fixture
def access(gateway: Gateway):
    """A fresh access token of the gateway."""
    return tokens.tokens_for(gateway.client)[1]


def pay_with(gateway: Gateway, account_id: str, **headers: str) -> int:
    answer = gateway.post(
        "transactions",
        {"account_id": account_id, "amount": "1.00", "currency": "INR", "transaction_type": "withdrawal"},
        headers={"X-API-Key": ""} | headers,
    )
    return answer.status_code


def pay_with_token(gateway: Gateway, account_id: str, access) -> int:
    return pay_with(gateway, account_id, Authorization=f"Bearer {access}")


def grow_old(seconds: float) -> None:
    directory._memory.loaded_at_seconds -= seconds


def test_a_token_that_was_remembered_and_is_revoked_opens_nothing(gateway, access):
    account_id = gateway.open_account()
    assert pay_with_token(gateway, account_id, access) == 201
    token_revoke(jti=access["jti"], expires_at=tokens.expiry_of(access))

    grow_old(directory.DIRECTORY_TTL_SECONDS)

    assert pay_with_token(gateway, account_id, access) == 401
    assert Transaction.objects.filter(account_id=account_id).count() == 1


def test_a_token_that_was_remembered_and_has_expired_opens_nothing(gateway, access, monkeypatch):
    account_id = gateway.open_account()
    assert pay_with_token(gateway, account_id, access) == 201
    assert tokens.known_claims(str(access)) is not None

    monkeypatch.setattr(time, "time", lambda: access["exp"])

    assert tokens.known_claims(str(access)) is None


def test_a_token_that_was_tampered_with_is_not_taken_for_the_remembered_one(gateway, access):
    account_id = gateway.open_account()
    assert pay_with_token(gateway, account_id, access) == 201
    head, claims, signature = str(access).split(".")

    assert pay_with_token(gateway, account_id, f"{head}.{claims}.{signature[::-1]}") == 401


def test_a_revoked_key_opens_nothing(gateway):
    account_id = gateway.open_account()
    assert pay_with(gateway, account_id, **{"X-API-Key": gateway.api_key}) == 201
    api_key_revoke(key=ApiKey.objects.get(client=gateway.client), now=timezone.now())

    grow_old(directory.DIRECTORY_TTL_SECONDS)

    assert pay_with(gateway, account_id, **{"X-API-Key": gateway.api_key}) == 401


def test_a_directory_that_is_always_too_old_is_read_beside_the_event_loop(gateway, monkeypatch):
    """Between two looks at the clock it may grow too old: no look may lead to a query on the event loop."""
    account_id = gateway.open_account()
    monkeypatch.setattr(directory, "DIRECTORY_TTL_SECONDS", -1.0)

    assert gateway.pay(account_id).status_code == 201


def test_a_directory_that_is_growing_old_is_read_again_without_a_request_that_waits(gateway):
    account_id = gateway.open_account()
    gateway.pay(account_id)
    GatewayClient.objects.filter(pk=gateway.client.pk).update(scopes=["accounts:read"])
    grow_old(directory.DIRECTORY_TTL_SECONDS * 0.6)

    assert gateway.pay(account_id).status_code == 201
    deadline = time.monotonic() + 2
    while gateway.pay(account_id).status_code == 201 and time.monotonic() < deadline:
        time.sleep(0.01)

    assert gateway.pay(account_id).status_code == 403
