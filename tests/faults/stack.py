"""Relay and delivery worker as processes of their own, which a test kills and starts again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sentinel.ops import queues
from sentinel.ops.state import ROOT
from tests.servers import service_environment

# Ten tries within seconds, and a lease of three: what takes a day and a minute at a bank.
QUICK = {
    "SENTINEL_WEBHOOK_SCHEDULE_SECONDS": "0,0,1,1,1,2,2,2,3,3,3,3,3,3",
    "SENTINEL_WEBHOOK_TIMEOUT_SECONDS": "1",
    "SENTINEL_WEBHOOK_LEASE_SECONDS": "3",
}
RELAY = [sys.executable, str(ROOT / "manage.py"), "relay"]
WORKER = [
    sys.executable,
    "-m",
    "celery",
    "-A",
    "sentinel.celery",
    "worker",
    "-Q",
    queues.DELIVERIES,
    "--pool",
    "threads",
]
WORKER += ["--concurrency", "8", "--loglevel", "warning", "--without-gossip", "--without-mingle", "-n", "faults@%h"]


class Process:
    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, os.environ | environment, log
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=output, stderr=output, start_new_session=True
            )

    def kill(self) -> None:
        """kill -9, with all it forked."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def kill_and_start(self) -> None:
        self.kill()
        self.start()


@contextmanager
def process(command: list[str], broker_url: str, log: Path, **environment: str) -> Iterator[Process]:
    running = Process(command, service_environment() | QUICK | {"BROKER_URL": broker_url} | environment, log)
    try:
        yield running
    finally:
        running.kill()
