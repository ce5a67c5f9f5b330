"""The line to a cluster: each command goes to the node that has its key, also while slots move and nodes die."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from redis import RedisError
from redis.crc import key_slot

from sentinel.ops.connections import redis_from_services
from sentinel.ops.redis_cluster import ClusterLine, Node, cluster_client, cluster_connect, node_url, slot_of
from tests.valkey_cluster import ValkeyCluster, valkey_cluster

pytestmark = pytest.mark.faults

SET_BY_SCRIPT = "return redis.call('SET', KEYS[1], ARGV[1])"


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[ValkeyCluster]:
    with valkey_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@asynccontextmanager
async def connected(cluster: ValkeyCluster) -> AsyncIterator[ClusterLine]:
    line = await cluster_connect(cluster.nodes[0].url, [("127.0.0.1", node.port) for node in cluster.nodes])
    try:
        yield line
    finally:
        line.close()
        await asyncio.sleep(0.01)


async def runs_of(cluster: ValkeyCluster) -> str:
    async with connected(cluster) as line:
        return line.runs


def keys_of_all_nodes(count: int = 60) -> list[str]:
    keys = [f"test:{uuid4().hex}" for _ in range(count)]
    assert len({key_slot(key.encode()) * 3 // 16_384 for key in keys}) == 3
    return keys


def test_answers_come_in_the_order_of_the_questions(shared):
    keys = keys_of_all_nodes()

    async def run():
        async with connected(shared) as line:
            await line.ask([("SET", key, number) for number, key in enumerate(keys)])
            return await line.ask([command for key in keys for command in (("INCRBY", key, 1000), ("GET", key))])

    assert asyncio.run(run()) == [
        answer for number in range(60) for answer in (number + 1000, str(number + 1000).encode())
    ]


def test_a_script_goes_where_its_key_is(shared):
    async def run():
        async with connected(shared) as line:
            return await line.ask([("EVAL", SET_BY_SCRIPT, 1, key, 7) for key in keys])

    keys = keys_of_all_nodes()

    assert asyncio.run(run()) == [b"OK"] * len(keys)


def test_the_slot_of_a_key_of_bytes_is_the_servers(shared):
    for key in (b"sentinel:entity:\xff{\x00}x", b"a{}b", b"{", b"\x00\x80"):
        assert slot_of(("GET", key)) == shared.nodes[0].ask("CLUSTER", "KEYSLOT", key)


def test_commands_follow_a_slot_while_it_moves_and_afterwards(shared):
    key = f"test:{uuid4().hex}"
    slot = key_slot(key.encode())
    source = shared.nodes[slot * 3 // 16_384]
    target = next(node for node in shared.nodes if node is not source)

    async def run():
        async with connected(shared) as line:
            await line.ask([("SET", key, "before")])
            target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.ask("CLUSTER", "MYID"))
            source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.ask("CLUSTER", "MYID"))
            source.ask("MIGRATE", "127.0.0.1", target.port, key, 0, 5000, "AUTH", "cluster")
            while_moving = await line.ask([("APPEND", key, "+while"), ("GET", key)])
            for node in (target, source):
                node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.ask("CLUSTER", "MYID"))
            afterwards = await line.ask([("APPEND", key, "+after"), ("GET", key)])
            return while_moving[1], afterwards[1], line.is_open

    assert asyncio.run(run()) == (b"before+while", b"before+while+after", True)


def test_a_refused_command_is_an_error_and_the_line_stays_open(shared):
    async def run():
        async with connected(shared) as line:
            await line.ask([("SET", "test-refused", "words")])
            with pytest.raises(RedisError, match="integer"):
                await line.ask([("GET", "test-other"), ("INCRBY", "test-refused", 1)])
            return line.is_open

    assert asyncio.run(run())


def test_without_a_node_the_cluster_counts_as_down_and_afterwards_as_another(tmp_path):
    keys = keys_of_all_nodes()
    reading = [("GET", key) for key in keys]

    async def run(cluster):
        async with connected(cluster) as line:
            cluster.nodes[0].kill()
            with pytest.raises(RedisError):
                await line.ask(reading)
            was_cut = not line.is_open
            with pytest.raises(RedisError):
                await runs_of(cluster)
        cluster.nodes[0].start()
        cluster.wait_until_whole()
        async with connected(cluster) as again:
            return was_cut, line.runs, again.runs, len(await again.ask(reading))

    with valkey_cluster(tmp_path) as cluster:
        was_cut, before, after, answers = asyncio.run(run(cluster))

    assert (was_cut, answers) == (True, len(keys))
    assert before != after


def test_services_see_the_same_cluster(shared, settings):
    settings.REDIS_URL = shared.nodes[1].url
    settings.REDIS_CLUSTER = [("127.0.0.1", node.port) for node in shared.nodes]
    keys = keys_of_all_nodes()

    with redis_from_services() as client, client.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.append(key, key)
        pipeline.execute()
        found = [client.get(key) for key in keys]
        runs = client.runs()

    assert found == [key.encode() for key in keys]
    assert runs == asyncio.run(runs_of(shared))


def test_what_a_client_of_a_cluster_raises_is_a_redis_error(shared, settings):
    settings.REDIS_CLUSTER = [("127.0.0.1", 1)]

    with pytest.raises(RedisError):
        cluster_client("redis://127.0.0.1:1/0", timeout_seconds=0.2)
    settings.REDIS_CLUSTER = []
    with pytest.raises(RedisError), cluster_client(shared.nodes[0].url, timeout_seconds=1) as client:
        client.mget(["one", "two"])


def test_a_node_is_reached_with_the_credentials_and_tls_of_the_url():
    url = "rediss://user:p%40ss@first:6379/0?ssl_ca_certs=%2Fca"

    assert node_url(url, Node("second", 6380)) == "rediss://user:p%40ss@second:6380/0?ssl_ca_certs=%2Fca"
    assert node_url("redis://first/0", Node("::1", 7000)) == "redis://[::1]:7000/0"
