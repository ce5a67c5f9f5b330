"""A database of one's own, with a record that nobody else writes to: for what looks at the whole of it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from django.core.management import call_command
from django.db import connection, connections

WRITERS_SECONDS = 120


@contextmanager
def own_database() -> Iterator[str]:
    """Django's connection leads to a new, migrated database meanwhile; its name."""
    with empty_database() as name:
        call_command("migrate", verbosity=0)
        yield name


@contextmanager
def empty_database() -> Iterator[str]:
    """As `own_database`, without a table."""
    name = f"test_own_{uuid4().hex[:8]}"
    with _maintenance() as server:
        server.execute(f"CREATE DATABASE {name}")
    with database_is(name):
        yield name
    database_drop(name)


@contextmanager
def database_is(name: str) -> Iterator[None]:
    settings = connections["default"].settings_dict
    usual = settings["NAME"]
    connection.close()
    settings["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        settings["NAME"] = usual


def database_copy(name: str) -> str:
    """The name of a copy; nobody may be connected to the first meanwhile."""
    connection.close()
    copy = f"{name}_copy"
    with _maintenance() as server:
        server.execute(f"CREATE DATABASE {copy} TEMPLATE {name}")
    return copy


def database_drop(name: str) -> None:
    connection.close()
    with _maintenance() as server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def older_writers_wait() -> None:
    """Until every database transaction of this moment has ended, those in other databases of the server as well: the
    seal takes only what lies below the oldest.
    """
    until = time.monotonic() + WRITERS_SECONDS
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text")
        (ours,) = cursor.fetchone()
        while time.monotonic() < until:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::xid8", [ours])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)
    raise TimeoutError("a database transaction has been writing for long")


@contextmanager
def _maintenance() -> Iterator[psycopg.Connection]:
    told = connections["default"].settings_dict
    with psycopg.connect(
        host=told["HOST"], port=told["PORT"] or None, user=told["USER"], password=told["PASSWORD"],
        dbname="postgres", autocommit=True,
    ) as server:  # fmt: skip
        yield server
