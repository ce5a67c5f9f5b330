"""What every decision uses, kept in memory: payments wait for a look at the database, but not for long."""

import asyncio
from threading import Event
from typing import NoReturn

import pytest
from django.db import connection

from ledger.models import Transaction
from rules.domain.compiler import compile_ruleset
from scoring.domain.policy import Policy
from scoring.services import configuration as module
from scoring.services.configuration import Configuration, configuration_current, configuration_forget


def a_configuration(version: int) -> Configuration:
    return Configuration(version, compile_ruleset([], {}), Policy(1), None)


@pytest.fixture(autouse=True)
def forget():
    configuration_forget()
    yield
    configuration_forget()


def test_payments_go_on_with_what_was_known_while_a_long_list_is_loaded(monkeypatch):
    may_load = Event()
    may_load.set()
    versions = iter((1, 2))

    def load() -> Configuration:
        assert may_load.wait(10)
        return a_configuration(next(versions))

    async def payments() -> list[int]:
        seen = [(await configuration_current(b"first")).ruleset_version]
        may_load.clear()
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
        seen.append((await configuration_current(b"second")).ruleset_version)
        may_load.set()
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 10)
        seen.append((await configuration_current(b"second")).ruleset_version)
        return seen

    monkeypatch.setattr(module, "configuration_load", load)

    assert asyncio.run(payments()) == [1, 1, 2]


def test_the_first_payment_waits_for_its_configuration(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(module, "configuration_load", lambda: a_configuration(1))

    assert asyncio.run(configuration_current(b"first")).ruleset_version == 1


def test_a_look_that_fails_is_told_to_whoever_waits_for_it(monkeypatch):
    def load() -> Configuration:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(module, "configuration_load", load)

    with pytest.raises(ConnectionError):
        asyncio.run(configuration_current(b"first"))


def test_a_payment_whose_look_is_cut_off_by_the_database_is_to_come_again(gateway, monkeypatch):
    """And is not told of an error on our side, after which a gateway would not know what to do."""
    account_id = gateway.open_account()

    def look(*_) -> NoReturn:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        raise AssertionError

    with monkeypatch.context() as during:
        during.setattr(module, "ruleset_load_live", look)
        refused = gateway.pay(account_id, key="k1")

    assert (refused.status_code, refused.json()["code"], refused.headers["Retry-After"]) == (503, "unavailable", "1")
    assert not Transaction.objects.filter(account_id=account_id).exists()
    assert gateway.pay(account_id, key="k1").status_code == 201


def test_it_is_looked_at_again_beside_the_payments_before_they_have_to_wait(monkeypatch):
    may_load, versions = Event(), iter((1, 2))

    def load() -> Configuration:
        version = next(versions)
        assert version == 1 or may_load.wait(10)
        return a_configuration(version)

    async def payments() -> list[int]:
        seen = [(await configuration_current(None)).ruleset_version]
        module._memory.loaded_at_seconds -= 0.6 * module.BLIND_TRUST_SECONDS
        seen.append((await configuration_current(None)).ruleset_version)
        may_load.set()
        async with asyncio.timeout(10):
            while seen[-1] == 1:
                await asyncio.sleep(0.01)
                seen.append((await configuration_current(None)).ruleset_version)
        return [seen[0], seen[1], seen[-1]]

    monkeypatch.setattr(module, "configuration_load", load)

    assert asyncio.run(payments()) == [1, 1, 2]
