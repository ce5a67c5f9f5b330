"""A loop goes on after failures and ends by a signal, between two pieces of work."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import OperationalError

from sentinel.ops import loops
from sentinel.ops.loops import Loop, Step


@pytest.fixture(autouse=True)
def handlers():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("error", [ValueError("broken"), OperationalError("gone")])
def test_it_goes_on_after_a_failure(db, monkeypatch, error):
    monkeypatch.setattr(loops, "_AWAY_SECONDS", 0.01)
    monkeypatch.setattr(loops, "connections", type("Open", (), {"close_all": staticmethod(lambda: None)}))
    monkeypatch.setattr(loops, "close_old_connections", lambda: None)
    done: list[int] = []

    def work():
        done.append(len(done))
        if len(done) == 1:
            raise error
        loop.stop()

    loop = Loop([Step("counting", 0.01, work)])
    loop.run()

    assert done == [0, 1]


def test_a_signal_ends_it_after_the_step_under_way(db, monkeypatch):
    monkeypatch.setattr(loops, "close_old_connections", lambda: None)
    done = []

    def first():
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("first")

    Loop([Step("first", 1, first), Step("second", 1, lambda: done.append("second"))]).run()

    assert done == ["first"]


def test_the_command_stops_when_it_is_asked_to_also_without_a_database(tmp_path):
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/nowhere"}
    environment.pop("SENTINEL_DB_ROLE", None)
    log = tmp_path / "log"
    with log.open("w") as output:
        process = subprocess.Popen([sys.executable, "manage.py", "apply_verdicts"], env=environment, stderr=output)
        try:
            until = time.monotonic() + 60
            while "telling of overdue cases" not in log.read_text() and time.monotonic() < until:
                time.sleep(0.1)
            process.terminate()
            code = process.wait(20)
        finally:
            process.kill()
            process.wait()

    assert code == 0
    assert "applying verdicts: the database does not answer as it should: OperationalError" in log.read_text()
