"""What every decision uses, kept in memory: payments wait for a look at the database, but not for long."""

import asyncio
from threading import Event

import pytest

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
