"""The servers of a bench: database and cache with durable settings, web processes as in production, yardsticks."""

import os
import secrets
import sys
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from sentinel.ops import state
from sentinel.ops.children import answers_ready, background_children, child_environment, loopback
from sentinel.ops.console import Refusal, step
from sentinel.ops.embedded.processes import Child, free_port
from sentinel.ops.services import Services, start_services
from sentinel.ops.supervisor import Supervisor

WEB, ONE_COMMIT, STOCK, LEAN = "web", "one-commit", "stock", "lean"
# nginx before the first, the first two and the first four of four web servers (bench/nginx.py)
PROXY, PROXY_OF_TWO, PROXY_OF_FOUR = "nginx", "nginx-of-two", "nginx-of-four"
_READY_SECONDS = 120
# A commit that does not reach the disk costs nothing and is worth nothing.
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


@dataclass(slots=True)
class Server:
    """An HTTP server to put load on. `pid` is None when it is not ours.

    One with TLS names the file of its authority, and a proxy the web servers behind it.
    """

    host: str
    port: int
    pid: int | None = None
    authority: str = ""
    behind: tuple["Server", ...] = ()


@dataclass(slots=True)
class Stack:
    supervisor: Supervisor
    folder: Path
    services: Services
    environment: dict[str, str]
    servers: dict[str, Server] = field(default_factory=dict)

    @property
    def database_folder(self) -> Path:
        """A folder on the database's disk, as far as this user can tell and write there."""
        data = (self.folder / "postgres").resolve().parent
        return data if self.services.has_embedded_database and os.access(data, os.W_OK) else self.folder

    def let_owner_skip_triggers(self) -> None:
        """For loading history in bulk. Only in a database of ours: elsewhere its owner has the right or has not."""
        if not self.services.has_embedded_database:
            return
        parts = urlsplit(self.services.database_owner_url)
        password = state.secret(self.folder, "postgres_password")
        with psycopg.connect(host=parts.hostname, port=parts.port, user="postgres", password=password,
                             dbname="postgres", autocommit=True) as connection:  # fmt: skip
            role = sql.Identifier(parts.username or "")
            connection.execute(sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(role))

    def start_background(self) -> None:
        """All that runs beside the web processes of a bank: workers, relay, seal."""
        for child in background_children(self.environment):
            self.supervisor.start(replace(child, echo=False))

    def start_server(self, name: str, web_processes: int) -> None:
        """Any of WEB, ONE_COMMIT, STOCK, LEAN; returns when it is ready."""
        server = Server("127.0.0.1", free_port())
        with step(f"{name} server"):
            self.supervisor.start(_child(name, server.port, self.environment, web_processes))
        server.pid = self.supervisor.running[-1].process.pid
        self.servers[name] = server


@contextmanager
def started_stack(*, run: str, must_be_durable: bool = True) -> Iterator[Stack]:
    """Database and cache, and the environment of all processes. What the environment names is used instead.

    The data lie in the project's own var/ and are deleted at the end: /tmp may be memory, which needs no fsync.
    """
    folder = state.make_var_folder(state.make_var_folder(state.var_folder()) / f"bench-{run}")
    try:
        with Supervisor(folder / "log") as supervisor:
            services = start_services(supervisor, folder)
            if must_be_durable:
                _refuse_unsafe(services.database_owner_url)
            environment = child_environment(services, folder) | {"SENTINEL_REDIS_PREFIX": f"bench-{run}"}
            # Without a line per request: production writes none either.
            environment |= {"SENTINEL_LOG_LEVEL": "WARNING", "SENTINEL_DB_ROLE": "runtime"}
            yield Stack(supervisor, folder, services, environment)
    finally:
        state.wipe(folder)
        (folder / state.LOCK_NAME).unlink(missing_ok=True)
        folder.rmdir()


def new_run() -> str:
    """Tells the accounts and keys of this bench from those of others. Letters only: digits may look like a card."""
    return "".join(secrets.choice("abcdefghijklmnop") for _ in range(6))


def _refuse_unsafe(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        for name, wanted in _DURABLE.items():
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            if row is None or row[0] != wanted:
                raise Refusal(f"The database runs with {name}={row and row[0]}: its figures would be worthless.")


def _child(name: str, port: int, environment: dict[str, str], web_processes: int) -> Child:
    command = [sys.executable, "-m", "gunicorn", "-c", "python:sentinel.ops.gunicorn_settings"]
    environment = environment | {"SENTINEL_BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": str(web_processes)}
    base_url = f"http://127.0.0.1:{port}"
    if name in (STOCK, LEAN):
        command.append(f"bench.yardsticks.{name}:application")
        return Child(
            name, command, environment, state.ROOT,
            is_ready=lambda: _answers(base_url), ready_seconds=_READY_SECONDS,
        )  # fmt: skip
    if name == ONE_COMMIT:
        environment["SENTINEL_GROUP_MAX"] = "1"
    return Child(
        name, command, environment, state.ROOT,
        is_ready=lambda: answers_ready(base_url), ready_seconds=_READY_SECONDS,
    )  # fmt: skip


def _answers(url: str) -> bool:
    try:
        with loopback.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
