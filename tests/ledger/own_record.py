"""A database of one's own, with a record that nobody else writes to: for what looks at the whole of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from django.core.management import call_command
from django.db import connection, connections


@contextmanager
def own_database() -> Iterator[str]:
    """Django's connection leads to a new, migrated database meanwhile; its name."""
    name = f"test_own_{uuid4().hex[:8]}"
    with _maintenance() as server:
        server.execute(f"CREATE DATABASE {name}")
    with database_is(name):
        call_command("migrate", verbosity=0)
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


@contextmanager
def _maintenance() -> Iterator[psycopg.Connection]:
    told = connections["default"].settings_dict
    with psycopg.connect(
        host=told["HOST"], port=told["PORT"] or None, user=told["USER"], password=told["PASSWORD"],
        dbname="postgres", autocommit=True,
    ) as server:  # fmt: skip
        yield server
