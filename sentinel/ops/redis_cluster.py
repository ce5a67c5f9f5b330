"""A Redis Cluster in the place of one Redis: a line to each node for the hot path, redis-py's client for the rest.

Every command of the project has one key, so the line sends each to the node that owns its key's slot. The cluster is
taken for one thing: while a node that owns slots is away, it counts as down, since what is left is not the whole.

A node that comes back empty, or a replica that took over and may lack the last writes, must not be read as "nothing
was ever seen". So a cluster has `runs`, a digest of the runs of all nodes that own slots: it changes with any of
them, and whoever keeps something complete in Redis notes of which runs it is complete.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django_redis.pool import ConnectionFactory
from redis import ConnectionError as RedisConnectionError
from redis import RedisCluster, RedisError
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import RedisClusterException, ResponseError
from redis.retry import Retry

from sentinel.ops.redis_line import Command, RedisLine, first_error, redis_connect

# A slot moves once. While it does, a command may be sent on twice.
_REDIRECTIONS_MAX = 3
_ASKING: Command = ("ASKING",)
# The node says that it is not what this process takes it for: the layout is asked for anew.
_STALE = ("CLUSTERDOWN", "READONLY", "LOADING", "MASTERDOWN")


class Node(NamedTuple):
    host: str
    port: int


class _Route(NamedTuple):
    """Where one command goes, by its place among those asked. `is_asking`: its slot is about to move there."""

    place: int
    node: Node
    is_asking: bool = False


class ClusterLine:
    """Asked as a RedisLine is. Commands of one key keep their order, those of several nodes run beside each other."""

    def __init__(self, lines: Mapping[Node, RedisLine], owners: list[Node], runs: str) -> None:
        self._lines, self._owners, self.runs = lines, owners, runs

    @property
    def is_open(self) -> bool:
        return all(line.is_open for line in self._lines.values())

    @property
    def took_too_long(self) -> bool:
        return any(line.took_too_long for line in self._lines.values())

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """One answer per command, each of one key. Errors: RedisError; other nodes may have done their part."""
        answers: list[Any] = [None] * len(commands)
        routes = [_Route(place, self._owners[slot_of(command)]) for place, command in enumerate(commands)]
        for _ in range(_REDIRECTIONS_MAX):
            await self._ask_nodes(commands, routes, answers)
            routes = [self._sent_on(route.place, answers[route.place]) for route in routes if _moved(answers, route)]
            if not routes:
                return self._checked(answers)
        raise RedisConnectionError("The cluster keeps sending commands on.")

    async def _ask_nodes(self, commands: Sequence[Command], routes: Iterable[_Route], answers: list[Any]) -> None:
        by_node: dict[Node, list[_Route]] = {}
        for route in routes:
            by_node.setdefault(route.node, []).append(route)
        asking = [self._ask_node(node, commands, of_node) for node, of_node in by_node.items()]
        # All are heard to their end, so that nobody is still writing when the caller goes on.
        answered: list[Any] = await asyncio.gather(*asking, return_exceptions=True)
        if (error := first_error(answered)) is not None:
            raise error
        for of_node, found in zip(by_node.values(), answered, strict=True):
            for route, answer in zip(of_node, found, strict=True):
                answers[route.place] = answer

    async def _ask_node(self, node: Node, commands: Sequence[Command], routes: Sequence[_Route]) -> list[Any]:
        sent: list[Command] = []
        for route in routes:
            sent += [_ASKING, commands[route.place]] if route.is_asking else [commands[route.place]]
        answers = await self._lines[node].answers(sent)
        return [answer for answer, command in zip(answers, sent, strict=True) if command != _ASKING]

    def _sent_on(self, place: int, answer: ResponseError) -> _Route:
        """By `MOVED slot host:port`, from now on, or by `ASK slot host:port`, this once."""
        word, slot, address = str(answer).split()[:3]
        host, _, port = address.rpartition(":")
        node = Node(host, int(port))
        if node not in self._lines:
            self.close()
            raise RedisConnectionError(f"The cluster has a node that was not known: {address}")
        if word == "MOVED":
            self._owners[int(slot)] = node
        return _Route(place, node, is_asking=word == "ASK")

    def _checked(self, answers: list[Any]) -> list[Any]:
        if (error := first_error(answers)) is None:
            return answers
        if str(error).startswith(_STALE):
            self.close()
        raise error

    def close(self) -> None:
        for line in self._lines.values():
            line.close()


def _moved(answers: Sequence[Any], route: _Route) -> bool:
    answer = answers[route.place]
    return isinstance(answer, ResponseError) and str(answer).startswith(("MOVED ", "ASK "))


def slot_of(command: Command) -> int:
    """Of the one key of a command."""
    key = command[3] if command[0] == "EVAL" else command[1]
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


# -- the layout


async def cluster_connect(url: str, nodes: Iterable[tuple[str, int]]) -> ClusterLine:
    """The URL names one node, with credentials and TLS for all; `nodes` are others who know the layout.

    Errors: RedisError, also when a node that owns slots is away.
    """
    asked, ranges = await _layout([url, *(node_url(url, Node(*node)) for node in nodes)])
    owners: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
    for first, last, (host, port, *_), *_ in ranges:
        node = Node(host.decode() if host else asked, port)
        owners[first : last + 1] = [node] * (last + 1 - first)
    known = [owner for owner in owners if owner is not None]
    if len(known) < len(owners):
        raise RedisConnectionError("Slots of the cluster are nobody's.")
    lines = await _connect_all(url, sorted(set(known)))
    try:
        told = await asyncio.gather(*(line.ask([("INFO", "server")]) for line in lines.values()))
    except RedisError:
        _close(lines.values())
        raise
    return ClusterLine(lines, known, runs_digest(_run_of(about) for (about,) in told))


async def _layout(urls: Sequence[str]) -> tuple[str, list[Any]]:
    """What the first node says that answers, and its host."""
    error: RedisError = RedisConnectionError("No node of the cluster is named.")
    for url in urls:
        try:
            line = await redis_connect(url)
        except RedisError as this_error:
            error = this_error
            continue
        try:
            (ranges,) = await line.ask([("CLUSTER", "SLOTS")])
            return urlsplit(url).hostname or "", ranges
        except RedisError as this_error:
            error = this_error
        finally:
            line.close()
    raise error


async def _connect_all(url: str, nodes: Sequence[Node]) -> dict[Node, RedisLine]:
    connected = await asyncio.gather(*(redis_connect(node_url(url, node)) for node in nodes), return_exceptions=True)
    lines = [line for line in connected if isinstance(line, RedisLine)]
    if len(lines) < len(nodes):
        _close(lines)
        raise first_error(connected) or RedisConnectionError("A node of the cluster is away.")
    return dict(zip(nodes, lines, strict=True))


def _close(lines: Iterable[RedisLine]) -> None:
    for line in lines:
        line.close()


def node_url(url: str, node: Node) -> str:
    """The same credentials and TLS, at another node."""
    parts = urlsplit(url)
    before, at, _ = parts.netloc.rpartition("@")
    host = f"[{node.host}]" if ":" in node.host else node.host
    return parts._replace(netloc=f"{before}{at}{host}:{node.port}").geturl()


def _run_of(about: bytes) -> str:
    lines = (line.partition(":") for line in about.decode().splitlines())
    return next(value for name, _, value in lines if name == "run_id")


def runs_digest(runs: Iterable[str]) -> str:
    return blake2b(" ".join(sorted(runs)).encode(), digest_size=4).hexdigest()


# -- off the hot path


class ClusterClient(RedisCluster):
    """redis-py's, whose errors are RedisErrors like those of one Redis."""

    def execute_command(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except RedisClusterException as error:
            raise RedisConnectionError(f"The cluster: {error}") from error

    def close(self) -> None:
        self.disconnect_connection_pools()  # type: ignore[no-untyped-call]
        super().close()

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        self.close()
        if isinstance(error, RedisClusterException):  # out of a pipeline
            raise RedisConnectionError(f"The cluster: {error}") from error

    def runs(self) -> str:
        told = self.info("server", target_nodes=self.PRIMARIES)
        of_nodes = [told] if "run_id" in told else told.values()
        return runs_digest(about["run_id"] for about in of_nodes)


_start_node: Any = ClusterNode


def cluster_client(url: str, timeout_seconds: float) -> ClusterClient:
    """Errors: RedisError."""
    try:
        return ClusterClient(
            url=url,
            startup_nodes=[_start_node(*node) for node in settings.REDIS_CLUSTER],
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=Retry(NoBackoff(), 1),  # after a look at the layout
        )
    except RedisClusterException as error:
        raise RedisConnectionError(f"The cluster: {error}") from error


class CacheConnections(ConnectionFactory):  # type: ignore[misc]
    """How Django's cache reaches the cluster: one client in a process, which threads share."""

    def connect(self, url: str) -> Any:
        return _cache_client(url)


@cache
def _cache_client(url: str) -> ClusterClient:
    return cluster_client(url, timeout_seconds=0.5)
