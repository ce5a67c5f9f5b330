"""Deciding in groups, and what may happen between gathering and the lock."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from ledger.domain.payments import PaymentRequest, TransactionType
from ledger.errors import KeyReused
from ledger.models import Account, AccountGrant, Decision, IdempotencyKey, Transaction
from ledger.services.keys import keys_forget
from scoring.services.configuration import TRUST_SECONDS
from scoring.services.deciding import decide
from scoring.services.payments import Payment
from sentinel.api.directory import identity_of
from sentinel.core.catalogue import unpack
from sentinel.ops.connections import redis_ask, redis_key
from tests.gateway import purchase
from tests.offline_features import rows_with_features
from tests.rulesets import live_rules

MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


def pay_together(gateway, bodies):
    """Send payments at once to one process, so that they are handled as groups."""

    async def send():
        return await asyncio.gather(
            *(
                gateway.request_async(
                    "POST",
                    "transactions",
                    json=body,
                    headers={"Idempotency-Key": f"{place}-{body['account_id']}"},
                )
                for place, body in enumerate(bodies)
            )
        )

    return gateway.loop.run(send())


def payments_1h(account_id):
    decisions = Decision.objects.filter(account_id=account_id).order_by("transaction__seq")
    return [unpack(bytes(decision.snapshot))["payments_1h"] for decision in decisions]


def test_a_bad_member_fails_alone(gateway):
    good = gateway.open_account()
    bodies = [purchase(good), purchase("acc_nobody"), purchase(good, "99999.00"), purchase(good)]

    answers = pay_together(gateway, bodies)

    assert [answer.status_code for answer in answers] == [201, 422, 201, 201]
    assert [answer.json().get("outcome") for answer in answers] == ["approve", None, "decline", "approve"]


def test_one_key_twice_in_a_group_is_one_payment(gateway, event_loop_thread):
    account_id = gateway.open_account()
    client = identity_of(gateway.client)
    request = PaymentRequest(account_id, 10_000, "INR", TransactionType.PURCHASE, MONDAY, merchant_id="m_17")
    group = [Payment(client, "k", fingerprint, request) for fingerprint in (b"same", b"same", b"other")]

    first, twin, other = event_loop_thread.run(decide(group, now=timezone.now()))

    assert (first.replayed, twin.replayed) == (False, True)
    assert first.receipt == twin.receipt
    assert isinstance(other, KeyReused)
    assert Transaction.objects.filter(account_id=account_id).count() == 1


def test_backdated_payments_of_a_group_see_each_other(gateway):
    account_id = gateway.open_account(opening_balance="99999.00")
    gateway.pay(account_id, occurred_at=(MONDAY + timedelta(days=2)).isoformat())
    moments = [(MONDAY + timedelta(minutes=minute)).isoformat() for minute in range(12)]

    pay_together(gateway, [purchase(account_id, occurred_at=moment) for moment in moments])

    # Each counts those that were recorded before it and happened before it, whichever group they came in.
    expected = [features["payments_1h"] for _, features in rows_with_features(account_id)]
    assert payments_1h(account_id) == expected
    assert sum(expected) > 0


def test_a_retry_finds_its_answer_however_late_it_comes(new_gateway, settings):
    gateway = new_gateway(scopes=["transactions:write", "accounts:write"])
    account_id = gateway.open_account()
    moment = (timezone.now() - timedelta(hours=2)).isoformat()
    first = gateway.pay(account_id, key="slow", occurred_at=moment)
    settings.OCCURRED_AT_TOLERANCE_HOURS = 1

    again = gateway.pay(account_id, key="slow", occurred_at=moment)
    new = gateway.pay(account_id, key="new", occurred_at=moment)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert new.json()["errors"][0]["code"] == "too_old"


def test_a_grant_that_was_taken_counts_although_redis_still_knows_it(gateway, event_loop_thread):
    account_id = gateway.open_account()
    gateway.pay(account_id)
    cached = event_loop_thread.run(_get("account", account_id))
    AccountGrant.objects.filter(account_id=account_id).delete()
    account = Account.objects.get(pk=account_id)
    Account.objects.filter(pk=account_id).update(version=account.version + 1)
    event_loop_thread.run(_set("account", account_id, cached))

    refused = gateway.pay(account_id, key="after")

    assert refused.json()["code"] == "account_unknown"
    assert Transaction.objects.filter(account_id=account_id).count() == 1
    assert not IdempotencyKey.objects.filter(client_id=gateway.client.id, key="after").exists()


def test_the_daily_limit_survives_a_change_of_zone(gateway):
    account_id = gateway.open_account(daily_limit="250.00", home_zone="Pacific/Pago_Pago")
    noon = "2026-01-10T12:00:00Z"  # the 10th in both zones' reckoning of this test's second payment
    assert gateway.pay(account_id, "250.00", occurred_at=noon).json()["outcome"] == "approve"
    terms = {"currency": "INR", "home_country": "IN", "home_zone": "Pacific/Kiritimati"}
    gateway.put(f"accounts/{account_id}", terms)

    again = gateway.pay(account_id, "1.00", occurred_at=noon).json()

    assert [reason["code"] for reason in again["reasons"]] == ["limit.daily"]


def test_a_voided_key_is_kept_as_long_as_any_other(gateway, settings):
    account_id = gateway.open_account()
    gateway.post("transactions/void", {"idempotency_key": "late"})
    void_recorded_at = IdempotencyKey.objects.get(client_id=gateway.client.id, key="late").created_at
    first = gateway.pay(account_id, key="late")

    keys_forget(now=void_recorded_at + timedelta(days=settings.KEY_DAYS, microseconds=1))

    assert gateway.pay(account_id, key="late").content == first.content


def test_keys_are_forgotten_after_the_published_time(gateway, settings):
    account_id = gateway.open_account()
    first = gateway.pay(account_id, key="old").json()
    made = IdempotencyKey.objects.get(client_id=gateway.client.id, key="old").created_at

    keys_forget(now=made + timedelta(days=settings.KEY_DAYS))
    assert gateway.pay(account_id, key="old").json()["id"] == first["id"]
    keys_forget(now=made + timedelta(days=settings.KEY_DAYS, microseconds=1))

    assert gateway.pay(account_id, key="old").json()["id"] != first["id"]


def test_a_rule_goes_live_even_when_its_publication_did_not_reach_redis(gateway, monkeypatch):
    account_id = gateway.open_account()
    assert gateway.pay(account_id).json()["outcome"] == "approve"
    monkeypatch.setattr("rules.services.rulesets.epoch_touch", lambda name: None)
    with live_rules(review={"field": "account_id", "operator": "equal", "value": account_id}):
        monkeypatch.setattr("scoring.services.configuration.TRUST_SECONDS", -1.0)
        assert gateway.pay(account_id).json()["outcome"] == "review"
    assert TRUST_SECONDS <= 60


@pytest.mark.parametrize("path", ["transactions", "/transaction"])
def test_the_answer_tells_how_long_it_took(gateway, path):
    answer = gateway.post(path, purchase(gateway.open_account()))

    assert answer.headers["Server-Timing"].startswith("decide;dur=")


def test_redis_learns_of_an_edited_account_with_its_next_payment(gateway, event_loop_thread):
    account_id = gateway.open_account()
    gateway.pay(account_id)
    gateway.put(f"accounts/{account_id}", {"currency": "INR", "home_country": "FR"})

    gateway.pay(account_id)

    assert b'"home_country":"FR"' in event_loop_thread.run(_get("account", account_id))


async def _get(kind, account_id):
    return (await redis_ask([("GET", redis_key(kind, account_id))]))[0]


async def _set(kind, account_id, data):
    await redis_ask([("SET", redis_key(kind, account_id), data)])
