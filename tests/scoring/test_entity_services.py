"""Cards, devices, IP addresses and merchants in Redis: counted at once, never lost, and read from the ledger anew."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from ledger.models import Decision, Transaction
from ledger.services.labels import label_attach
from scoring.domain.entities import RECORDS_MAX
from scoring.services import entities as entity_service
from scoring.services.contexts import REDIS_DOWN, gather
from scoring.services.entities import ENTITY_HISTORY_MISSING, entities_named, entities_remember, marker_key
from scoring.services.entity_rebuild import Building, entities_ensure, entities_rebuild, entity_labels_tell
from scoring.tasks import entities_ensure as entities_ensure_task
from sentinel.core.catalogue import unpack
from sentinel.core.ids import parse_public_id, uuid7
from sentinel.ops.connections import redis_ask, redis_from_services, redis_key
from sentinel.ops.redis_line import redis_connect
from tests.gateway import purchase
from tests.scoring.test_entities import PAYMENT

START = datetime(2026, 1, 5, 3, 30, tzinfo=UTC)


@pytest.fixture
def device() -> Iterator[str]:
    """Nobody else's; afterwards Redis has a complete generation again, for the tests to come."""
    yield f"dev_{uuid4().hex[:8]}"
    entities_ensure(now=timezone.now())


def pay(gateway, account_id, minutes, device, **fields):
    moment = START + timedelta(minutes=minutes)
    response = gateway.pay(account_id, occurred_at=moment.isoformat(), device={"id": device}, **fields)
    assert response.status_code == 201, response.text
    return response.json()


def features_of(receipt):
    return unpack(bytes(Decision.objects.get(pk=parse_public_id("txn", receipt["id"])).snapshot))


def ask(loop, *commands):
    return loop.run(_ask(commands))


async def _ask(commands):
    return await redis_ask(commands)


def test_a_device_is_counted_over_all_accounts(gateway, device):
    alice, bob = gateway.open_account(), gateway.open_account()
    pay(gateway, alice, 0, device)
    pay(gateway, bob, 5, device)

    found = features_of(pay(gateway, alice, 50, device))

    assert (found["device_payments_1m"], found["device_payments_1h"]) == (0, 2)
    assert (found["device_accounts_24h"], found["device_amount_24h"]) == (2, 200_00)
    assert found["device_age_days"] == pytest.approx(50 / 1440)
    assert found["card_payments_1h"] is None  # no card was named
    assert found["device_is_new"] is False


def test_members_of_a_group_count_for_those_after_them(gateway, device):
    bodies = [purchase(gateway.open_account(), device={"id": device}) for _ in range(30)]

    async def send():
        return await asyncio.gather(
            *(
                gateway.request_async("POST", "transactions", json=body, headers={"Idempotency-Key": str(uuid4())})
                for body in bodies
            )
        )

    receipts = [answer.json() for answer in gateway.loop.run(send())]

    assert sorted(features_of(receipt)["device_payments_24h"] for receipt in receipts) == list(range(30))
    assert features_of(pay(gateway, gateway.open_account(), 0, device)) is not None


def test_live_and_test_payments_are_never_counted_together(new_gateway, device):
    live, test = new_gateway(), new_gateway(livemode=False)
    pay(live, live.open_account(), 0, device)

    found = features_of(pay(test, test.open_account(), 1, device))

    assert found["device_payments_24h"] == 0


def test_a_top_up_is_not_counted(gateway, device):
    account_id = gateway.open_account()
    body = {"account_id": account_id, "amount": "5.00", "currency": "INR", "transaction_type": "top_up"}
    gateway.post("transactions", body | {"device": {"id": device}, "occurred_at": START.isoformat()})

    assert features_of(pay(gateway, account_id, 1, device))["device_payments_24h"] == 0


def test_an_emptied_redis_makes_the_fields_missing_until_the_ledger_was_read(gateway, event_loop_thread, device):
    account_id = gateway.open_account()
    pay(gateway, account_id, 0, device)
    ask(event_loop_thread, ("DEL", marker_key()))

    blind = pay(gateway, account_id, 1, device)
    rebuilt = entities_ensure(now=timezone.now())
    seeing = pay(gateway, account_id, 2, device)

    assert ENTITY_HISTORY_MISSING in blind["degraded"]
    assert features_of(blind)["device_payments_1h"] is None
    assert features_of(blind)["payments_1h"] == 1
    assert rebuilt is not None
    assert rebuilt.payments >= 2
    assert ENTITY_HISTORY_MISSING not in seeing["degraded"]
    assert features_of(seeing)["device_payments_1h"] == 2
    assert entities_ensure(now=timezone.now()) is None


def test_payments_during_the_rebuild_are_neither_lost_nor_counted_twice(gateway, event_loop_thread, device):
    account_id = gateway.open_account()
    pay(gateway, account_id, 0, device)
    ask(event_loop_thread, ("DEL", marker_key()))
    with redis_from_services() as redis:
        building = Building.begin(redis, timezone.now(), 0)
        in_both = pay(gateway, account_id, 1, device)  # the journal has it, and the snapshot will
        building.read_payments()
        in_journal = pay(gateway, account_id, 2, device)
        building.finish()

    assert all(ENTITY_HISTORY_MISSING in each["degraded"] for each in (in_both, in_journal))
    assert features_of(pay(gateway, account_id, 3, device))["device_payments_1h"] == 3


def test_a_generation_that_was_given_up_meanwhile_is_not_finished(gateway, event_loop_thread, device):
    with redis_from_services() as redis:
        building = Building.begin(redis, timezone.now(), 0)
        ask(event_loop_thread, ("DEL", marker_key()))

        assert building.finish() is False


def test_only_one_process_reads_the_ledger_at_a_time(gateway):
    with redis_from_services() as redis:
        lock = redis_key("entities", "lock")
        redis.set(lock, "1")
        try:
            assert entities_rebuild(now=timezone.now()) is None
        finally:
            redis.delete(lock)


def test_a_rebuild_gives_what_the_payments_gave(gateway, device):
    account_id = gateway.open_account("100000.00")
    for minutes in range(3 * RECORDS_MAX):
        pay(gateway, account_id, minutes, device)
    before = features_of(pay(gateway, account_id, 40, device))

    assert entities_rebuild(now=timezone.now(), settle_seconds=0) is not None
    after = features_of(pay(gateway, account_id, 40, device))

    assert before["device_payments_1h"] == 3 * RECORDS_MAX
    assert after["device_payments_1h"] == 3 * RECORDS_MAX + 1
    assert after["device_age_days"] == before["device_age_days"]


def test_two_processes_that_write_at_once_lose_nothing(gateway, event_loop_thread, device):
    account_id = gateway.open_account("100000.00")
    for minutes in range(RECORDS_MAX - 1):
        pay(gateway, account_id, minutes, device)
    request = PAYMENT.__class__(
        account_id, 100, "INR", PAYMENT.transaction_type, START + timedelta(minutes=20), device_id=device
    )
    named = entities_named(request, livemode=True)

    async def both():
        """Both read the same, and then each puts a new base in its place."""
        one, other = (await gather([], [named])).entities, (await gather([], [named])).entities
        for each in (one, other):
            for _ in range(3):
                each.add(str(uuid4()), request, named)
        await entities_remember(one)
        await entities_remember(other)

    event_loop_thread.run(both())

    assert features_of(pay(gateway, account_id, 21, device))["device_payments_1h"] == RECORDS_MAX - 1 + 6


def test_what_redis_did_not_take_is_sent_when_it_is_back(gateway, monkeypatch, device):
    account_id = gateway.open_account()
    pay(gateway, account_id, 0, device)
    # Port 1 answers nobody: a real refused connection, not a stand-in.
    with monkeypatch.context() as away:
        away.setattr("sentinel.ops.connections.redis_line", partial(redis_connect, "redis://127.0.0.1:1/0"))
        blind = pay(gateway, account_id, 1, device)
    pay(gateway, account_id, 2, f"{device}-other")

    found = features_of(pay(gateway, account_id, 3, device))

    assert REDIS_DOWN in blind["degraded"]
    assert features_of(blind)["device_payments_1h"] is None
    assert found["device_payments_1h"] == 2


def test_what_waited_while_the_ledger_was_read_is_not_counted_twice(gateway, monkeypatch, device):
    account_id = gateway.open_account()
    with monkeypatch.context() as away:
        away.setattr("sentinel.ops.connections.redis_line", partial(redis_connect, "redis://127.0.0.1:1/0"))
        pay(gateway, account_id, 0, device)
    assert entities_rebuild(now=timezone.now(), settle_seconds=0) is not None
    pay(gateway, account_id, 1, f"{device}-other")

    assert features_of(pay(gateway, account_id, 2, device))["device_payments_1h"] == 1


def test_when_too_much_was_lost_the_history_is_read_anew(gateway, monkeypatch, device):
    account_id = gateway.open_account()
    monkeypatch.setattr(entity_service, "UNSENT_MAX", 0)
    with monkeypatch.context() as away:
        away.setattr("sentinel.ops.connections.redis_line", partial(redis_connect, "redis://127.0.0.1:1/0"))
        pay(gateway, account_id, 0, device)
    pay(gateway, account_id, 1, device)
    assert ENTITY_HISTORY_MISSING in pay(gateway, account_id, 2, device)["degraded"]

    entities_ensure_task()

    assert features_of(pay(gateway, account_id, 3, device))["device_payments_1h"] == 3


def test_a_confirmed_fraud_is_told_of_all_that_its_payment_named(gateway, device):
    account_id, other = gateway.open_account(), gateway.open_account()
    now = timezone.now()
    happened_at = (now - timedelta(seconds=30)).isoformat()
    first = gateway.pay(account_id, device={"id": device}, occurred_at=happened_at).json()
    label(first, now, is_fraud=True)
    assert entity_labels_tell(now=timezone.now()) >= 1

    told = features_of(gateway.pay(other, device={"id": device}).json())
    own = features_of(gateway.pay(account_id, device={"id": f"{device}-other"}).json())
    label(first, timezone.now(), is_fraud=False)
    entity_labels_tell(now=timezone.now())
    taken_back = features_of(
        gateway.pay(other, device={"id": device}, occurred_at=(now + timedelta(seconds=5)).isoformat()).json()
    )

    assert told["confirmed_frauds_of_device_90d"] == own["confirmed_frauds_of_account_90d"] == 1
    assert (told["confirmed_frauds_of_account_90d"], own["confirmed_frauds_of_device_90d"]) == (0, 0)
    assert taken_back["confirmed_frauds_of_device_90d"] == 0


def test_a_label_is_told_once_it_is_committed_and_again_by_the_worker(gateway, device):
    account_id, other = gateway.open_account(), gateway.open_account()
    now = timezone.now()
    first = gateway.pay(account_id, device={"id": device}, occurred_at=(now - timedelta(seconds=30)).isoformat())

    label(first.json(), now, is_fraud=True)
    told = features_of(gateway.pay(other, device={"id": device}).json())
    assert entity_labels_tell(now=timezone.now()) >= 1
    again = features_of(gateway.pay(other, device={"id": device}).json())

    assert told["confirmed_frauds_of_device_90d"] == again["confirmed_frauds_of_device_90d"] == 1


def test_a_label_stands_when_redis_is_away_and_the_worker_tells_of_it(gateway, device, settings, caplog):
    account_id = gateway.open_account()
    now = timezone.now()
    first = gateway.pay(account_id, device={"id": device}, occurred_at=(now - timedelta(seconds=30)).isoformat())
    address = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    label(first.json(), now, is_fraud=True)

    settings.REDIS_URL = address
    missed = features_of(gateway.pay(account_id, device={"id": device}).json())
    entity_labels_tell(now=timezone.now())
    found = features_of(gateway.pay(account_id, device={"id": device}).json())
    assert missed["confirmed_frauds_of_device_90d"] == 0
    assert found["confirmed_frauds_of_device_90d"] == 1
    assert "on_commit" in caplog.text


def label(receipt, now, *, is_fraud):
    label_attach(
        payment=Transaction.objects.get(pk=str(parse_public_id("txn", receipt["id"]))),
        is_fraud=is_fraud,
        source="customer",
        observed_at=now - timedelta(seconds=2),
        actor="tests",
        label_id=uuid7(),
        now=now - timedelta(seconds=2),
    )


def test_scores_count_what_the_bank_knows_and_change_nothing(gateway, stranger, device):
    account_id = gateway.open_account()
    pay(gateway, account_id, 0, device)
    item = purchase(account_id, device={"id": device}, occurred_at=(START + timedelta(minutes=1)).isoformat())

    for _ in range(2):
        assert gateway.post("score", {"items": [item]}).status_code == 200

    assert features_of(pay(gateway, account_id, 2, device))["device_payments_1h"] == 1


def test_the_command_says_what_it_did(gateway, device):
    entities_ensure(now=timezone.now())
    out = StringIO()
    call_command("rebuild_entities", if_missing=True, stdout=out)
    assert "Nothing to do" in out.getvalue()

    call_command("rebuild_entities", stdout=out)

    assert "cards, devices, IP addresses and merchants, from" in out.getvalue()


def test_names_of_keys_tell_no_names(gateway, event_loop_thread, device):
    pay(gateway, gateway.open_account(), 0, device)

    keys = ask(event_loop_thread, ("KEYS", f"{redis_key('entity')}*"))[0]

    assert keys
    assert not any(device.encode() in key for key in keys)
