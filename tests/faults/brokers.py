"""A broker of the test's own, on a port of its own, that can be killed and started again."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from sentinel.ops.embedded import valkey
from sentinel.ops.embedded.processes import free_port

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
RABBITMQCTL = RABBITMQ.with_name("rabbitmqctl")  # the one in PATH changes to another user, who has another cookie
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
    with rabbitmq_nodes(folder, 1) as nodes:
        yield nodes[0]


class RabbitNode(Broker):
    def __init__(self, folder: Path, mapper: int, first: "RabbitNode | None") -> None:
        port = free_port()
        self.name = f"faults{port}@localhost"
        self._environment = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(folder.parent),  # where the cookie is, by which nodes trust each other
            "RABBITMQ_NODENAME": self.name,
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
        self._folder = folder
        folder.mkdir(exist_ok=True)
        if first:
            (folder / "rabbitmq.conf").write_text(
                "cluster_formation.peer_discovery_backend = classic_config\n"
                f"cluster_formation.classic_config.nodes.1 = {first.name}\n"
                f"cluster_formation.classic_config.nodes.2 = {self.name}\n"
            )
        super().__init__(f"amqp://guest:guest@127.0.0.1:{port}//", self._spawn, port, folder / "rabbitmq.pid")

    def _spawn(self) -> subprocess.Popen[bytes]:
        with (self._folder / "rabbitmq.out").open("ab") as output:
            return subprocess.Popen(
                [str(RABBITMQ)], env=self._environment, stdout=output, stderr=output, start_new_session=True
            )

    def queue(self, name: str) -> dict[str, Any]:
        """What this node says of a queue: its type, leader, members, those online, and messages."""
        words = ["name", "type", "leader", "members", "online", "messages"]
        command = [str(RABBITMQCTL), "-q", "-n", self.name, "list_queues", "--formatter", "json", *words]
        answer = subprocess.run(
            command, env=self._environment, capture_output=True, text=True, timeout=60, check=True
        )
        return next((found for found in json.loads(answer.stdout) if found["name"] == name), {})


@contextmanager
def rabbitmq_nodes(folder: Path, count: int) -> Iterator[list[RabbitNode]]:
    """One cluster. Skips the test where RabbitMQ is not installed."""
    if not RABBITMQ.exists():
        pytest.skip(f"RabbitMQ is not installed: {RABBITMQ}")
    mapper, nodes = free_port(), list[RabbitNode]()
    try:
        for number in range(count):
            own = folder / f"rabbitmq{number}" if count > 1 else folder
            nodes.append(RabbitNode(own, mapper, nodes[0] if nodes else None))
        yield nodes
    finally:
        for node in nodes:
            node.kill()
        _end_port_mapper(mapper)


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
