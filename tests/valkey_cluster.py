"""Valkey nodes of the test's own that make a cluster, on ports of their own on loopback. A node can be killed."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sentinel.ops.embedded import valkey
from sentinel.ops.embedded.processes import free_port

SLOTS = 16_384
PASSWORD = "cluster"
READY_SECONDS = 30
# A dead node is noticed within two seconds, not fifteen.
CLUSTER = """
cluster-enabled yes
cluster-config-file nodes-{port}.conf
cluster-node-timeout 1500
cluster-port {bus_port}
cluster-announce-ip 127.0.0.1
masterauth {password}
"""


class Node:
    def __init__(self, folder: Path) -> None:
        self.port, self.folder = free_port(), folder
        folder.mkdir()
        text = valkey.CONFIGURATION.format(port=self.port, password=PASSWORD, folder=folder)
        text += CLUSTER.format(port=self.port, bus_port=free_port(), password=PASSWORD)
        (folder / "valkey.conf").write_text(text)
        self.start()

    def start(self) -> None:
        """Empty, but with its place in the cluster: what makes the layout is kept in a file."""
        command = [str(valkey.find_binary().path), str(self.folder / "valkey.conf")]
        with (self.folder / "out").open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
        deadline = time.monotonic() + READY_SECONDS
        while not valkey.answers(self.url):
            assert self._process.poll() is None, (self.folder / "out").read_text()
            assert time.monotonic() < deadline, "the node did not start"
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5, retry=Retry(NoBackoff(), 0))

    def ask(self, *words: str | int) -> object:
        with self.client() as client:
            return client.execute_command(*words)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class ValkeyCluster:
    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    @property
    def environment(self) -> dict[str, str]:
        """Of a service on this cluster."""
        return {
            "REDIS_URL": self.nodes[0].url,
            "SENTINEL_REDIS_CLUSTER": ",".join(node.address for node in self.nodes),
        }

    def wait_until_whole(self) -> None:
        """Every node says so: each has to hear of the others."""
        deadline = time.monotonic() + READY_SECONDS
        while not all(self._is_whole(node) for node in self.nodes):
            assert time.monotonic() < deadline, [node.ask("CLUSTER", "INFO") for node in self.nodes]
            time.sleep(0.05)

    @staticmethod
    def _is_whole(node: Node) -> bool:
        try:
            with node.client() as client:
                info = client.cluster("INFO")
        except redis.RedisError:
            return False
        return info["cluster_state"] == "ok" and info["cluster_slots_ok"] == str(SLOTS)


@contextmanager
def valkey_cluster(folder: Path, count: int = 3) -> Iterator[ValkeyCluster]:
    nodes: list[Node] = []
    try:
        for number in range(count):
            nodes.append(Node(folder / f"node{number}"))
        for number, node in enumerate(nodes):
            node.ask("CLUSTER", "ADDSLOTSRANGE", SLOTS * number // count, SLOTS * (number + 1) // count - 1)
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            bus_port = int((node.folder / "valkey.conf").read_text().partition("cluster-port ")[2].split()[0])
            nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, bus_port)
        cluster = ValkeyCluster(nodes)
        cluster.wait_until_whole()
        yield cluster
    finally:
        for node in nodes:
            node.kill()
