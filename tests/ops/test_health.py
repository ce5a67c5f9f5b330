"""Probes, and the four addresses that tell what they found."""

import itertools
import threading
import time

import pytest

from sentinel.ops import health, probes
from sentinel.ops.health import ProbeBoard

pytestmark = pytest.mark.urls("sentinel.ops.urls")


@pytest.fixture
def board(monkeypatch):
    """A board of this test's own, which asks anew each time."""
    own = ProbeBoard(timeout_seconds=0.3, fresh_seconds=0)
    monkeypatch.setattr(health, "board", own)
    return own


def well() -> str:
    return "PostgreSQL 18.6"


def unwell() -> str:
    raise ConnectionError("host db.internal refused the password hunter2")


def test_all_well_is_ready(board, client):
    board.register("database", well, critical=True)

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ready"
    assert answer.json()["degraded"] == []
    assert answer.json()["checks"]["database"]["detail"] == "PostgreSQL 18.6"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_critical_probe_that_fails_is_not_ready(board, client):
    board.register("database", unwell, critical=True)
    board.register("cache", well, critical=False)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "not_ready"


def test_an_uncritical_probe_that_fails_is_degraded(board, client):
    board.register("database", well, critical=True)
    board.register("cache", unwell, critical=False)

    ready, words = client.get("/readyz"), client.get("/health")

    assert ready.status_code == 200
    assert ready.json()["degraded"] == ["cache"]
    assert words.json()["status"] == "degraded"
    assert words.json()["words"] == "Payments are decided and recorded, without: cache."


@pytest.mark.parametrize("path", ["/readyz", "/health", "/services/status"])
def test_what_went_wrong_is_logged_and_not_told(board, client, caplog, path):
    board.register("database", unwell, critical=True)

    answer = client.get(path)

    assert "hunter2" not in answer.content.decode()
    assert "db.internal" not in answer.content.decode()
    assert "hunter2" in caplog.text


def test_a_process_without_anything_is_still_alive(board, client):
    board.register("database", unwell, critical=True)

    assert client.get("/livez").status_code == 200


def test_services_are_listed_with_version_and_latency(board, client):
    board.register("database", well, critical=True)
    board.register("broker", unwell, critical=False)

    database, broker = client.get("/services/status").json()["services"]

    assert database["name"] == "database"
    assert (database["state"], database["version"]) == ("up", "PostgreSQL 18.6")
    assert database["latency_ms"] >= 0
    assert (broker["state"], broker["version"]) == ("down", None)


def test_a_probe_that_hangs_costs_the_time_limit_and_is_asked_once(board):
    release, asked = threading.Event(), []

    def hangs() -> str:
        asked.append(1)
        release.wait(10)
        return "late"

    board.register("broker", hangs, critical=False)
    started = time.monotonic()

    first, second = board.run(), board.run()

    release.set()
    assert time.monotonic() - started < 5
    assert first[0].detail == second[0].detail == "no answer within 0.3 s"
    assert len(asked) == 1


def test_probes_run_side_by_side():
    board = ProbeBoard(timeout_seconds=5, fresh_seconds=0)
    meeting = threading.Barrier(3, timeout=4)  # none of the three passes alone
    for name in ("a", "b", "c"):
        board.register(name, lambda: str(meeting.wait()), critical=True)

    assert all(result.is_well for result in board.run())


def test_a_crowd_of_askers_gets_one_answer():
    board, numbers = ProbeBoard(fresh_seconds=60), itertools.count(1)
    board.register("database", lambda: f"asked {next(numbers)} times", critical=True)

    assert board.run() is board.run()
    assert board.run()[0].detail == "asked 1 times"


@pytest.mark.django_db
def test_the_real_database_cache_broker_and_tables_are_well():
    own = ProbeBoard(timeout_seconds=20)
    own.register("database", probes.database, critical=True)
    own.register("cache", probes.cache, critical=True)
    own.register("broker", probes.broker, critical=True)
    own.register("migrations", probes.MigrationsProbe(), critical=True)

    results = {result.name: result for result in own.run()}

    assert [name for name, result in results.items() if not result.is_well] == []
    assert results["database"].detail.startswith("PostgreSQL 1")
    assert results["cache"].detail.startswith(("Valkey", "Redis"))
