"""Connections of the hot path: one PostgreSQL pool and one line to Redis per event loop, opened at first use.

Django's own connections belong to threads; the decision path is asyncio from end to end and has no thread hops.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import connection as django_connection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sentinel.ops import metrics
from sentinel.ops.postgres_line import LineConnection
from sentinel.ops.redis_cluster import ClusterClient, ClusterLine, cluster_client, cluster_connect
from sentinel.ops.redis_line import Command, RedisLine, RedisLink, redis_connect

# A waiting lock or a slow statement ends before the gateway gives up; the answer is then "retry the same key".
_SESSION_OPTIONS = (
    "-c lock_timeout=4s -c statement_timeout=8s -c TimeZone=UTC -c idle_in_transaction_session_timeout=30s"
    # Every statement of the hot path looks rows up by key. It is planned once, and for tables of any size.
    " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
    " -c enable_bitmapscan=off -c jit=off"
)

Pool = AsyncConnectionPool[LineConnection]
_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Awaitable[Pool]] = WeakKeyDictionary()
AnyRedisLine = RedisLine | ClusterLine
_redis_links: WeakKeyDictionary[asyncio.AbstractEventLoop, RedisLink[AnyRedisLine]] = WeakKeyDictionary()


async def recording_pool() -> Pool:
    """The pool of this event loop, connected as the runtime role."""
    loop = asyncio.get_running_loop()
    if loop not in _pools:
        _pools[loop] = asyncio.ensure_future(_open_pool())
    return await _pools[loop]


async def redis_line() -> AnyRedisLine:
    """The line of this event loop; a new one when the last one was cut. Errors: RedisError."""
    loop = asyncio.get_running_loop()
    if (link := _redis_links.get(loop)) is None:
        link = _redis_links[loop] = RedisLink(_redis_connect)
    return await link.line()


async def _redis_connect() -> AnyRedisLine:
    if settings.REDIS_CLUSTER:
        return await cluster_connect(settings.REDIS_URL, settings.REDIS_CLUSTER)
    return await redis_connect(settings.REDIS_URL)


async def redis_ask(commands: Sequence[Command]) -> list[Any]:
    """One answer per command, each of one key. Errors: RedisError."""
    return await (await redis_line()).ask(commands)


def redis_runs_here() -> str:
    """Of which runs of the nodes of a cluster this event loop was answered last; "" of one Redis.

    One Redis that comes back empty lacks its marks as well, so nobody need ask of which run they are.
    """
    if not settings.REDIS_CLUSTER:
        return ""
    link = _redis_links.get(asyncio.get_running_loop())
    line = link.known() if link is not None else None
    return line.runs if line is not None else "unknown"  # no generation's name has it


def redis_runs(client: Redis | ClusterClient) -> str:
    """The same, asked of a client of `redis_from_services`."""
    return client.runs() if isinstance(client, ClusterClient) else ""


def redis_from_services() -> Redis | ClusterClient:
    """A short-lived client for services outside the event loop. Use as a context manager. Errors: RedisError."""
    if settings.REDIS_CLUSTER:
        return cluster_client(settings.REDIS_URL, timeout_seconds=1)
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


def redis_key(*parts: str) -> str:
    return ":".join((settings.REDIS_KEY_PREFIX, *parts))


def runtime_conninfo() -> str:
    """Where the runtime role connects: Django's database, whichever role Django itself uses."""
    database = django_connection.settings_dict
    return make_conninfo(
        host=database["HOST"],
        port=database["PORT"] or None,
        dbname=database["NAME"],
        user=settings.RUNTIME_DATABASE_USER,
        password=settings.RUNTIME_DATABASE_PASSWORD,
        options=_SESSION_OPTIONS,
        application_name="sentinel-recording",
        connect_timeout=2,
        **settings.RUNTIME_DATABASE_TLS,
    )


async def _open_pool() -> Pool:
    pool: Pool = AsyncConnectionPool(
        runtime_conninfo(),
        connection_class=LineConnection,
        min_size=1,
        max_size=settings.RECORDING_CONNECTIONS_MAX,
        timeout=settings.DATABASE_PATIENCE_SECONDS,
        max_waiting=1000,
        kwargs={"autocommit": True},
        check=None,
        open=False,
    )
    await pool.open()
    return pool


async def close_connections() -> None:
    """Close what this event loop has opened. For tests and commands that end their loop."""
    loop = asyncio.get_running_loop()
    if loop in _pools:
        await (await _pools.pop(loop)).close()
    if loop in _redis_links:
        _redis_links.pop(loop).close()


def count_connections() -> None:
    """Tells Prometheus how many connections this event loop has, and who waits for one."""
    opening = _pools.get(asyncio.get_running_loop())
    if isinstance(opening, asyncio.Future) and opening.done() and not opening.cancelled() and not opening.exception():
        found = opening.result().get_stats()
        idle = found.get("pool_available", 0)
        metrics.RECORDING_CONNECTIONS.labels("idle").set(idle)
        metrics.RECORDING_CONNECTIONS.labels("in_use").set(found.get("pool_size", 0) - idle)
        metrics.RECORDING_WAITING.set(found.get("requests_waiting", 0))
