"""The probes of what every process needs: the database, its tables, the cache, the broker."""

from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django_redis import get_redis_connection
from redis import RedisCluster

from sentinel.ops.health import register_probe


class MigrationsPending(Exception):
    """Raised by the probe while tables are older than the code."""


def database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version')")
        return f"PostgreSQL {cursor.fetchone()[0].split()[0]}"


def cache() -> str:
    client = get_redis_connection("default")
    client.ping()  # in a cluster every node
    about = client.info("server", **one_node())
    name = about.get("server_name", "redis").capitalize()
    return f"{name} {about.get(f'{name.lower()}_version', about['redis_version'])}"


def one_node() -> dict[str, str]:
    """Options for what a client of a cluster would ask of every node."""
    return {"target_nodes": RedisCluster.DEFAULT_NODE} if settings.REDIS_CLUSTER else {}


def broker() -> str:
    with current_app.connection_for_write() as broker_connection:
        broker_connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=1)
        return str(broker_connection.transport.driver_type)


class MigrationsProbe:
    """Once applied they stay applied for the life of this process, and asking is slow: the answer is kept."""

    def __init__(self) -> None:
        self._applied = False

    def __call__(self) -> str:
        if not self._applied:
            executor = MigrationExecutor(connection)
            pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
            if pending:
                raise MigrationsPending(f"{len(pending)} migrations are not applied")
            self._applied = True
        return "all applied"


def register_own_probes() -> None:
    register_probe(
        "database", database, critical=True, advice="Is PostgreSQL running, and does DATABASE_URL lead to it?"
    )
    register_probe("migrations", MigrationsProbe(), critical=True, advice="Run `manage.py migrate` as the owner.")
    # Decisions go on without these two.
    register_probe("cache", cache, critical=False, advice="Is Redis or Valkey running? REDIS_URL leads to it.")
    register_probe("broker", broker, critical=False, advice="Is RabbitMQ or Valkey running? BROKER_URL leads to it.")
