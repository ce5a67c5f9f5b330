"""When a key was last used is known within a minute or two, and costs no request a query."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest

from sentinel.api import key_use
from sentinel.api.key_use import KeyUses, Use, uses_write
from sentinel.api.models import ApiKey
from sentinel.api.services import api_key_create
from tests.servers import web_processes

pytestmark = pytest.mark.contract

NOW = datetime(2026, 1, 30, 12, 0, tzinfo=UTC)


@pytest.fixture
def uses(monkeypatch) -> KeyUses:
    """Written when a test says so."""
    fresh = KeyUses()
    monkeypatch.setattr(KeyUses, "_write_soon", lambda self: None)
    monkeypatch.setattr("sentinel.api.authentication.key_uses", fresh)
    return fresh


def key_of(gateway) -> ApiKey:
    return ApiKey.objects.get(client=gateway.client)


@pytest.mark.parametrize("path", ["transactions", "accounts/acc_nobody"])
def test_a_use_is_written_with_the_address_it_came_from(gateway, uses, path):
    gateway.at("203.0.113.9").get(path)
    uses.write()

    key = key_of(gateway)
    assert key.last_used_from == "203.0.113.9"
    assert key.last_used_at
    assert datetime.now(UTC) - key.last_used_at < timedelta(seconds=30)


def test_a_payment_counts_as_a_use_and_waits_for_no_write(gateway, uses):
    account_id = gateway.open_account()
    uses.write()
    ApiKey.objects.filter(client=gateway.client).update(last_used_at=None, last_used_from=None)
    uses._quiet_until_seconds.clear()

    assert gateway.pay(account_id).status_code == 201
    assert key_of(gateway).last_used_at is None
    uses.write()

    assert key_of(gateway).last_used_at is not None


def test_a_guess_and_a_refused_address_are_no_use(new_gateway, uses):
    fenced = new_gateway(allowed_networks=["203.0.113.0/24"])
    fenced.at("198.51.100.7").get("transactions")
    guess = fenced.api_key[:-1] + ("A" if fenced.api_key[-1] != "A" else "B")
    fenced.at("203.0.113.9").get("transactions", headers={"X-API-Key": guess})
    uses.write()

    assert key_of(fenced).last_used_at is None


def test_within_a_minute_a_key_is_noted_once(uses, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(key_use, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    noted = []
    monkeypatch.setattr(key_use, "uses_write", lambda uses: noted.append(dict(uses)))
    for seconds in (0, 1, 59, 60, 61):
        clock[0] = 1000.0 + seconds
        uses.note("aaaaaaaa", "203.0.113.9")
        uses.note("bbbbbbbb", "203.0.113.9")
        uses.write()

    assert [sorted(each) for each in noted] == [["aaaaaaaa", "bbbbbbbb"], [], [], ["aaaaaaaa", "bbbbbbbb"], []]


def test_of_two_processes_one_writes_within_the_minute(gateway):
    prefix = key_of(gateway).prefix

    assert uses_write({prefix: Use(NOW, "203.0.113.9")}) == 1
    assert uses_write({prefix: Use(NOW + timedelta(seconds=59), "203.0.113.10")}) == 0
    assert uses_write({prefix: Use(NOW + timedelta(seconds=61), "2001:db8::1")}) == 1

    key = key_of(gateway)
    assert (key.last_used_at, key.last_used_from) == (NOW + timedelta(seconds=61), "2001:db8::1")


@pytest.mark.parametrize("address", ["", "unix:", "fe80::1%eth0"])
def test_what_is_no_address_of_the_net_is_left_out(gateway, address):
    prefix = key_of(gateway).prefix

    assert uses_write({prefix: Use(NOW, address)}) == 1

    assert key_of(gateway).last_used_from == ("fe80::1" if "%" in address else None)


def test_without_the_database_a_use_is_lost_and_nobody_hears_of_it_but_the_log(uses, monkeypatch, caplog):
    def gone(uses):
        raise OSError("no database")

    monkeypatch.setattr(key_use, "uses_write", gone)
    uses.note("aaaaaaaa", "203.0.113.9")
    uses.write()

    assert "the last use of 1 API keys is not written: no database" in caplog.text


def test_the_write_comes_by_itself(gateway, monkeypatch):
    monkeypatch.setattr(key_use, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr("sentinel.api.authentication.key_uses", KeyUses())
    _, text = api_key_create(client=gateway.client, name=uuid4().hex)
    gateway.get("transactions", headers={"X-API-Key": text})

    assert waited_for(lambda: ApiKey.objects.exclude(last_used_at=None).filter(prefix=text[8:16]).exists())


def test_what_was_noted_is_written_before_a_process_ends(gateway):
    with web_processes(1) as base_url:
        headers = {"X-API-Key": gateway.api_key}
        assert httpx.get(f"{base_url}/api/v1/transactions", headers=headers, timeout=10).status_code == 200

    key = key_of(gateway)
    assert key.last_used_at
    assert key.last_used_from == "127.0.0.1"


def waited_for(condition, seconds: float = 10.0) -> bool:
    import time

    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())
