"""Seeding as it happens on a new installation: commands in processes of their own, on a database of their own.

The rules, log-ins and accounts it makes stay, and would be in the way of other tests.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from sentinel.ops.state import ROOT


class Installation:
    def __init__(self, folder: Path) -> None:
        self.folder, self.name = folder, f"demo_{uuid4().hex[:10]}"
        urls = {name: _database_url(name, self.name) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
        words = {"SENTINEL_REDIS_PREFIX": self.name, "SENTINEL_VAR_DIR": str(folder), "SENTINEL_LOG_LEVEL": "ERROR"}
        self.environment = {**os.environ, **urls, **words, "SENTINEL_DB_ROLE": "owner"}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "django", *words]

    def run(self, *words: str) -> str:
        done = subprocess.run(
            self.command(*words), env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def seed(self) -> str:
        return self.run("seed_demo", "--size", "small")

    def all(self, question: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.environment["DATABASE_OWNER_URL"]) as connection:
            return connection.execute(question).fetchall()

    def one(self, question: str) -> Any:
        [(value,)] = self.all(question)
        return value

    def credentials(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "demo.json").read_text())
        return found


def _database_url(variable: str, name: str) -> str:
    return urlunsplit(urlsplit(os.environ[variable])._replace(path=f"/{name}"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("demo"))
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {installation.name}")
        try:
            installation.run("migrate", "-v", "0")
            yield installation
        finally:
            connection.execute(f"DROP DATABASE {installation.name} WITH (FORCE)")


@pytest.fixture(scope="module")
def seeded(empty: Installation) -> Installation:
    """Stopped half-way the hard way, and started again."""
    _stop_half_way(empty)
    empty.seed()
    return empty


def _stop_half_way(installation: Installation) -> None:
    seeding = subprocess.Popen(
        installation.command("seed_demo", "--size", "small"),
        env=installation.environment, cwd=ROOT, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while seeding.poll() is None and not installation.one("SELECT count(*) FROM ledger_transaction"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    seeding.send_signal(signal.SIGKILL)
    seeding.wait()


def test_a_seeding_that_was_stopped_is_completed(seeded: Installation) -> None:
    payments = seeded.one("SELECT details->>'payments' FROM ledger_auditentry WHERE action = 'demo.seeded'")

    assert seeded.one("SELECT count(*) FROM ledger_transaction") == int(payments) > 200
    assert seeded.one("SELECT count(*) FROM ledger_account WHERE kind = 'customer'") == 21
    assert seeded.one("SELECT count(DISTINCT reference) FROM ledger_transaction") == int(payments)


def test_each_account_got_its_payments_in_time_order(seeded: Installation) -> None:
    disordered = """
        SELECT count(*) FROM ledger_transaction a JOIN ledger_transaction b
        ON a.account_id = b.account_id AND a.seq < b.seq AND a.occurred_at > b.occurred_at
    """
    assert seeded.one(disordered) == 0


def test_the_ledger_balances(seeded: Installation) -> None:
    assert seeded.one("SELECT count(*) FROM ledger_posting") > 0
    sums = seeded.all("SELECT currency, sum(debit_minor) - sum(credit_minor) FROM ledger_posting GROUP BY 1")
    assert {difference for _, difference in sums} == {0}


def test_some_reviews_stay_open_and_the_others_are_decided_and_labelled(seeded: Installation) -> None:
    held, resolved = "SELECT count(*) FROM ledger_hold", "SELECT count(*) FROM ledger_holdresolution"
    labels = "SELECT count(*) FROM ledger_label WHERE source = 'review'"

    assert seeded.one(held) - seeded.one(resolved) == 3
    assert seeded.one(labels) == seeded.one(resolved) > 0
    assert seeded.one("SELECT count(*) FROM ledger_account WHERE status = 'frozen'") == 1


def test_the_credentials_are_private_and_complete(seeded: Installation) -> None:
    found = seeded.credentials()

    assert stat.S_IMODE((seeded.folder / "demo.json").stat().st_mode) == 0o600
    assert [login["username"] for login in found["logins"]] == [
        "admin", "analyst", "approver", "reviewer", "operator", "viewer",
    ]  # fmt: skip
    assert found["account_id"] == "acc_alice"
    assert found["api_key"].startswith("sk_live_")
    assert found["test_api_key"].startswith("sk_test_")
    assert set(found["jwt_client"]) == {"client_id", "client_secret"}


def test_a_second_seeding_changes_nothing(seeded: Installation) -> None:
    tables = ("ledger_transaction", "ledger_holdresolution", "ledger_label", "ledger_auditentry", "api_apikey")
    before = [seeded.one(f"SELECT count(*) FROM {table}") for table in tables], seeded.credentials()

    assert "was there already" in seeded.seed()
    assert ([seeded.one(f"SELECT count(*) FROM {table}") for table in tables], seeded.credentials()) == before


def test_lost_credentials_are_made_anew_and_the_old_key_is_revoked(seeded: Installation) -> None:
    before = seeded.credentials()
    (seeded.folder / "demo.json").unlink()
    seeded.seed()
    after = seeded.credentials()

    assert after["account_id"] == before["account_id"]
    assert all(after[name] != before[name] for name in ("api_key", "test_api_key", "jwt_client", "logins"))
    prefix = before["api_key"].split("_")[2]
    assert seeded.one(f"SELECT revoked_at IS NOT NULL FROM api_apikey WHERE prefix = '{prefix}'")
    assert seeded.one("SELECT count(*) FROM api_apikey WHERE revoked_at IS NULL") == 2
