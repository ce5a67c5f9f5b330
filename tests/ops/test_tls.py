"""Lines to real servers with TLS: each library checks who answers, and a start without it is refused."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django_redis.cache import RedisCache
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerRefused
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool
from redis import RedisError

from sentinel import tls
from sentinel.checks import lines_are_private, refuse_unfit
from sentinel.env import env_choices, env_database, env_file
from sentinel.ops.postgres_line import LineConnection
from sentinel.ops.redis_line import redis_connect
from sentinel.ops.state import ROOT
from tests.tls_servers import Papers, papers, postgres_with_tls, rabbitmq_with_tls, redis_with_tls

NOBODY = "postgresql://nobody:nothing@127.0.0.1:1/nowhere"
SAFE = {
    "RUNTIME_DATABASE_TLS": {"sslmode": "verify-full"},
    "REDIS_URL": "rediss://cache.example",
    "CELERY_BROKER_URL": "amqps://broker.example",
}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """pytest's own temporary folders are closed to the user that root's PostgreSQL runs as."""
    made = Path(tempfile.mkdtemp(prefix="sentinel-tls-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def ours(folder) -> Papers:
    return papers(folder / "ours")


@pytest.fixture(scope="module")
def strangers(folder) -> Papers:
    """Of an authority that signed none of the servers."""
    return papers(folder / "strangers")


@pytest.fixture(scope="module")
def redis_url(folder, ours) -> Iterator[str]:
    with redis_with_tls(folder, ours) as url:
        yield url


@pytest.fixture(scope="module")
def database_url(folder, ours) -> Iterator[str]:
    with postgres_with_tls(folder, ours) as url:
        yield url


# -- Redis


def ping(url: str) -> list:
    async def asked():
        line = await redis_connect(url)
        try:
            return await line.ask([("SET", "test", "told", "EX", 5), ("GET", "test")])
        finally:
            line.close()
            await asyncio.sleep(0)

    return asyncio.run(asked())


def test_the_line_to_redis_speaks_tls(redis_url, ours):
    assert ping(tls.redis_address(redis_url, ours.authority)) == [b"OK", b"told"]


def test_the_line_to_redis_believes_no_stranger_and_no_other_name(redis_url, ours, strangers):
    with pytest.raises(RedisError, match="CERTIFICATE_VERIFY_FAILED"):
        ping(tls.redis_address(redis_url, strangers.authority))
    with pytest.raises(RedisError, match="CERTIFICATE_VERIFY_FAILED"):
        ping(tls.redis_address(redis_url.replace("127.0.0.1", "localhost"), ours.authority))


def test_the_cache_speaks_tls(redis_url, ours, strangers):
    cache = RedisCache(tls.redis_address(redis_url, ours.authority), {})
    cache.set("test", 7, 5)
    assert cache.get("test") == 7

    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        RedisCache(tls.redis_address(redis_url, strangers.authority), {}).get("test")


def test_a_broker_on_redis_speaks_tls(redis_url, ours, strangers):
    assert reaches_broker(redis_url, ours.authority)
    with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
        reaches_broker(redis_url, strangers.authority)


def reaches_broker(url: str, authority: str) -> bool:
    with Connection(url, ssl=tls.broker_options(url, authority), connect_timeout=3) as connection:
        queue = connection.SimpleQueue("test-tls")
        queue.put({"told": True})
        message = queue.get(timeout=3)
        message.ack()
        return message.payload == {"told": True}


# -- PostgreSQL


def answer(url: str, authority: str, monkeypatch) -> bool:
    """By the pool of the hot path, as the settings tell it."""
    monkeypatch.setenv("DATABASE_URL", url)
    told = env_database("DATABASE_URL", authority)

    async def asked():
        conninfo = make_conninfo(
            host=told["HOST"], port=told["PORT"], dbname=told["NAME"], user=told["USER"], password=told["PASSWORD"],
            **told["OPTIONS"],
        )  # fmt: skip
        pool = AsyncConnectionPool(
            conninfo, connection_class=LineConnection, min_size=1, open=False, kwargs={"autocommit": True}
        )
        connection = await LineConnection.connect(conninfo)  # whose error is told, unlike the pool's
        await connection.close()
        await pool.open(wait=True, timeout=5)
        async with pool.connection() as line:
            rows = await line.ask(("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", ()))
        await pool.close()
        return rows[0][0][0]

    return asyncio.run(asked())


def test_the_line_to_postgresql_speaks_tls(database_url, ours, monkeypatch):
    assert answer(f"{database_url}?sslmode=verify-full", ours.authority, monkeypatch) is True


def test_the_line_to_postgresql_believes_no_stranger_and_no_other_name(database_url, ours, strangers, monkeypatch):
    url = f"{database_url}?sslmode=verify-full"
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        answer(url, strangers.authority, monkeypatch)
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        answer(url.replace("127.0.0.1", "localhost"), ours.authority, monkeypatch)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        answer(url, "", monkeypatch)  # the machine's authorities do not know it


def test_the_database_refuses_a_line_without_tls(database_url, monkeypatch):
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        answer(f"{database_url}?sslmode=disable", "", monkeypatch)


# -- RabbitMQ


@pytest.mark.faults
def test_the_broker_speaks_tls(folder, ours, strangers):
    (folder / "rabbitmq").mkdir()
    with rabbitmq_with_tls(folder / "rabbitmq", ours) as url:
        assert reaches_broker(url, ours.authority)
        with pytest.raises(BrokerRefused, match="CERTIFICATE_VERIFY_FAILED"):
            reaches_broker(url, strangers.authority)
        with pytest.raises(BrokerRefused, match="CERTIFICATE_VERIFY_FAILED"):
            reaches_broker(url.replace("127.0.0.1", "127.1"), ours.authority)  # the same place by another name


# -- what the settings say


def test_an_address_keeps_the_authority_it_names():
    url = "rediss://cache.example/0?ssl_ca_certs=%2Fown.pem"

    assert tls.redis_address(url, "/ours.pem") == url
    assert tls.redis_address("redis://cache.example/0", "/ours.pem") == "redis://cache.example/0"
    assert tls.database_options({"sslmode": "verify-full", "sslrootcert": "/own.pem"}, "/ours.pem") == {
        "sslmode": "verify-full",
        "sslrootcert": "/own.pem",
    }


def test_a_word_that_libpq_would_take_otherwise_is_refused(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"{NOBODY}?sslmode=verify-full&options=-c+fsync%3Doff")

    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL ends with options; known are sslcert"):
        env_database("DATABASE_URL")


def test_an_authority_that_is_not_there_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SENTINEL_CA_FILE", str(tmp_path / "ca.pem"))

    with pytest.raises(ImproperlyConfigured, match=r"SENTINEL_CA_FILE names .*, which is not there"):
        env_file("SENTINEL_CA_FILE")


def test_an_exception_for_an_unknown_line_is_refused(monkeypatch):
    monkeypatch.setenv("SENTINEL_PLAIN_LINES", "redis,mail")

    with pytest.raises(ImproperlyConfigured, match="may name database, redis, broker, not 'mail'"):
        env_choices("SENTINEL_PLAIN_LINES", *tls.LINES)


@pytest.fixture
def production(settings, monkeypatch):
    settings.DEVELOPMENT = False
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", {"sslmode": "verify-full"})
    for name, value in SAFE.items():
        setattr(settings, name, value)
    return settings


def test_a_production_with_tls_everywhere_starts(production):
    assert lines_are_private() == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("RUNTIME_DATABASE_TLS", {}, "sentinel.E020"),
        ("RUNTIME_DATABASE_TLS", {"sslmode": "require"}, "sentinel.E020"),
        ("RUNTIME_DATABASE_TLS", {"sslmode": "verify-ca"}, "sentinel.E020"),
        ("REDIS_URL", "redis://cache.example", "sentinel.E021"),
        ("REDIS_URL", "rediss://cache.example?ssl_cert_reqs=none", "sentinel.E021"),
        ("CELERY_BROKER_URL", "amqp://broker.example", "sentinel.E022"),
        ("CELERY_BROKER_URL", "redis://broker.example", "sentinel.E022"),
        ("CELERY_BROKER_URL", "rediss://broker.example?ssl_check_hostname=false", "sentinel.E022"),
    ],
)
def test_a_line_without_tls_or_that_believes_anybody_is_refused(production, name, value, found):
    setattr(production, name, value)

    assert [each.id for each in lines_are_private()] == [found]
    with pytest.raises(ImproperlyConfigured, match="without TLS, or believes any certificate"):
        refuse_unfit()


def test_a_line_named_as_an_exception_is_let_through_and_no_other(production):
    production.REDIS_URL, production.CELERY_BROKER_URL = "redis://127.0.0.1", "amqp://127.0.0.1"
    production.PLAIN_LINES = frozenset({"redis"})

    assert [each.id for each in lines_are_private()] == ["sentinel.E022"]


def test_development_needs_none(settings):
    assert lines_are_private() == []


@pytest.mark.parametrize("command", ["import sentinel.asgi", "from sentinel.celery import refuse_unfit as r; r()"])
def test_processes_refuse_to_start_in_production_without(command):
    told = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SENTINEL_")},
        "SENTINEL_SECRET_KEY": "x" * 60,
        "SENTINEL_EMAIL_URL": "console:",
        "SENTINEL_PUBLIC_URL": "https://sentinel.bank.example",
        "DATABASE_URL": NOBODY,
        "DATABASE_OWNER_URL": NOBODY,
        "REDIS_URL": "rediss://127.0.0.1:1/0",
        "BROKER_URL": "amqps://127.0.0.1:1//",
    }
    ended = subprocess.run(
        [sys.executable, "-c", f"import django; {command}"],
        env=told, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert ended.returncode != 0
    assert "The line to PostgreSQL is without TLS" in ended.stderr
    assert "Redis is without TLS" not in ended.stderr
