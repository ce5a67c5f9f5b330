"""The database, the cache and the broker: the ones the environment names, or embedded ones."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sentinel.ops.console import Refusal, step
from sentinel.ops.embedded import postgres, valkey
from sentinel.ops.state import ROOT, secret
from sentinel.ops.supervisor import Supervisor


@dataclass(frozen=True)
class Services:
    database_url: str
    database_owner_url: str
    redis_url: str
    broker_url: str
    versions: dict[str, str]
    has_embedded_database: bool

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.database_url,
            "DATABASE_OWNER_URL": self.database_owner_url,
            "REDIS_URL": self.redis_url,
            "BROKER_URL": self.broker_url,
        }


def start_services(supervisor: Supervisor, folder: Path, *, for_tests: bool = False) -> Services:
    """Starts what the environment does not name, and returns where everything is."""
    versions: dict[str, str] = {}
    database_url, owner_url = os.environ.get("DATABASE_URL", ""), os.environ.get("DATABASE_OWNER_URL", "")
    if bool(database_url) != bool(owner_url):
        raise Refusal(
            "Set DATABASE_URL (the runtime role) and DATABASE_OWNER_URL (the role that migrates) together,\n"
            "or neither: then an embedded PostgreSQL is started."
        )
    is_embedded = not database_url
    if is_embedded:
        database_url, owner_url = _start_postgres(supervisor, folder, versions, for_tests=for_tests)
    redis_url = os.environ.get("REDIS_URL", "") or _start_valkey(supervisor, folder, versions)
    broker_url = os.environ.get("BROKER_URL", "") or with_database_number(redis_url, 1)
    return Services(database_url, owner_url, redis_url, broker_url, versions, is_embedded)


def _start_postgres(
    supervisor: Supervisor, folder: Path, versions: dict[str, str], *, for_tests: bool
) -> tuple[str, str]:
    passwords = postgres.Passwords(
        superuser=secret(folder, "postgres_password"),
        owner=secret(folder, "owner_password"),
        app=secret(folder, "app_password"),
    )
    with step("PostgreSQL"):
        cluster = postgres.prepare_cluster(folder, ROOT, passwords.superuser, for_tests=for_tests)
        supervisor.start(postgres.server(cluster, passwords.superuser))
        superuser_url = cluster.url("postgres", passwords.superuser, "postgres")
        postgres.make_roles(superuser_url, passwords)
    versions["postgresql"] = cluster.binaries.version
    return cluster.url(postgres.APP_ROLE, passwords.app), cluster.url(postgres.OWNER_ROLE, passwords.owner)


def _start_valkey(supervisor: Supervisor, folder: Path, versions: dict[str, str]) -> str:
    with step("Valkey"):
        child, url, binary = valkey.server(folder, secret(folder, "valkey_password"))
        supervisor.start(child)
    versions[binary.product.lower()] = binary.version
    return url


def with_database_number(redis_url: str, number: int) -> str:
    """The same server's other database: Celery's messages stay apart from the cache."""
    return urlsplit(redis_url)._replace(path=f"/{number}").geturl()
