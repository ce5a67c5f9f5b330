"""A broker of the test's own, on a port of its own, that can be killed and started again."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sentinel.ops.embedded import valkey
from sentinel.ops.embedded.processes import free_port

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
START_SECONDS = 90


class Broker:
    """`url` for Celery; `kill` is kill -9 of the server and all it started."""

    def __init__(
        self, url: str, start: Callable[[], subprocess.Popen[bytes]], port: int, pid_file: Path | None = None
    ) -> None:
        self.url, self._start, self._port, self._pid_file = url, start, port, pid_file
        self._process = self._start()
        self._wait()

    def start(self) -> None:
        """Again after a kill; the one that runs is not started twice."""
        assert self._process.poll() is not None, "the broker runs already"
        self._process = self._start()
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, "the broker ended while starting"
            assert time.monotonic() < deadline, "the broker did not start"
            time.sleep(0.1)

    def kill(self) -> None:
        with suppress(ProcessLookupError, FileNotFoundError):
            if self._pid_file:  # Erlang leaves the group of the script that started it
                os.kill(int(self._pid_file.read_text()), signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _answers(self) -> bool:
        """Whether it speaks: RabbitMQ greets a wrong header with its own, Valkey answers a ping."""
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=2) as probe:
                probe.settimeout(5)
                probe.sendall(b"PING\r\n\r\n")
                return bool(probe.recv(8))
        except OSError:
            return False


@contextmanager
def rabbitmq(folder: Path) -> Iterator[Broker]:
    """Skips the test where RabbitMQ is not installed."""
    if not RABBITMQ.exists():
        pytest.skip(f"RabbitMQ is not installed: {RABBITMQ}")
    port, mapper = free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"faults{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "ERL_CRASH_DUMP": "/dev/null",
        "RABBITMQ_PID_FILE": str(folder / "rabbitmq.pid"),
    }
    output = (folder / "rabbitmq.out").open("ab")
    broker = Broker(
        f"amqp://guest:guest@127.0.0.1:{port}//",
        lambda: subprocess.Popen(
            [str(RABBITMQ)], env=environment, stdout=output, stderr=output, start_new_session=True
        ),
        port,
        folder / "rabbitmq.pid",
    )
    try:
        yield broker
    finally:
        broker.kill()
        _end_port_mapper(mapper)
        output.close()


def _end_port_mapper(port: int) -> None:
    """Erlang's port mapper, which the server started on this port, in a session of its own."""
    subprocess.run(
        ["epmd", "-port", str(port), "-kill"],
        env={**os.environ, "ERL_EPMD_RELAXED_COMMAND_CHECK": "true"},
        capture_output=True,
        timeout=10,
        check=False,
    )


@contextmanager
def valkey_broker(folder: Path) -> Iterator[Broker]:
    child, url, _ = valkey.server(folder, "faults")
    port = int(url.rpartition(":")[2].partition("/")[0])
    broker = Broker(url, lambda: subprocess.Popen(child.command, start_new_session=True), port)
    try:
        yield broker
    finally:
        broker.kill()
