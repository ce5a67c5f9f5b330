"""A real PostgreSQL as a child process, from a wheel's or the machine's binaries, on loopback only."""

import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from signal import SIGINT

import psycopg
from psycopg import sql

from sentinel.ops.console import Refusal
from sentinel.ops.embedded.postgres_binaries import (
    SERVER_USER,
    Binaries,
    find_binaries,
    reachable_binaries,
    shared_folder,
)
from sentinel.ops.embedded.processes import Child, free_port, group_of, reachable_by_others
from sentinel.ops.state import write_private

FORMER_SERVER_SECONDS = 10
DATABASE, OWNER_ROLE, APP_ROLE = "sentinel", "sentinel_owner", "sentinel_app"

SAFE_SETTINGS = {"fsync": "on", "synchronous_commit": "on", "shared_buffers": "128MB", "max_connections": "100"}
# A test cluster is thrown away: it need not survive a power cut.
TEST_SETTINGS = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
    "shared_buffers": "128MB", "max_connections": "200",
}  # fmt: skip
COMMON_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}


@dataclass(frozen=True)
class Passwords:
    superuser: str
    owner: str
    app: str


@dataclass(frozen=True)
class Cluster:
    """Where one server keeps its data, on which port and as which user it runs."""

    binaries: Binaries
    data: Path
    port: int
    user: str | None
    for_tests: bool

    def url(self, role: str, password: str, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{password}@127.0.0.1:{self.port}/{database}"


def place_data(folder: Path, project: Path, user: str | None) -> Path:
    """Where the cluster lies: `folder`/postgres, or, when the server's user cannot reach that, where a link of
    that name leads."""
    data = folder / "postgres"
    if user is None or data.exists() or reachable_by_others(folder):
        return data.resolve()
    target = shared_folder(project) / f"data-{sha256(os.fsencode(folder)).hexdigest()[:12]}"
    if not data.is_symlink():
        data.symlink_to(target)
    return data.resolve()


def server_user(data: Path) -> str | None:
    """None runs the server as the caller. Root runs it as the owner of an existing cluster, or as nobody."""
    if os.geteuid() != 0:
        return None
    owner_uid = data.stat().st_uid if data.exists() else 0
    return pwd.getpwuid(owner_uid).pw_name if owner_uid else SERVER_USER


def prepare_cluster(folder: Path, project: Path, superuser_password: str, *, for_tests: bool) -> Cluster:
    """The cluster in `folder`, made if there is none."""
    binaries = find_binaries()
    user = server_user(folder / "postgres")
    if user:
        binaries = reachable_binaries(binaries, project)
    data = place_data(folder, project, user)
    cluster = Cluster(binaries, data, free_port(), user, for_tests)
    if not data.exists():
        _initialise(cluster, superuser_password)
    made_by = int((data / "PG_VERSION").read_text())
    if made_by != binaries.major:
        raise Refusal(
            f"The data in {data} were made by PostgreSQL {made_by}, and the binaries are {binaries.version}.\n"
            "Upgrade them with pg_upgrade, or start anew with `python3 manage.py up --fresh`, which deletes them."
        )
    _wait_for_former_server(data)
    return cluster


def _wait_for_former_server(data: Path) -> None:
    """A server whose supervisor was killed takes a moment to shut down cleanly."""
    for _ in range(int(FORMER_SERVER_SECONDS / 0.1)):
        try:
            os.kill(int((data / "postmaster.pid").read_text().split()[0]), 0)
        except (OSError, IndexError, ValueError):
            return
        time.sleep(0.1)


def _initialise(cluster: Cluster, superuser_password: str) -> None:
    # Made aside and renamed: a start that is interrupted leaves no half cluster behind.
    new = cluster.data.with_name(cluster.data.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    password_file = new.with_name(new.name + ".password")
    write_private(password_file, superuser_password)
    if cluster.user:
        for path in (new, password_file):
            shutil.chown(path, cluster.user, group_of(cluster.user))
    command = [
        cluster.binaries / "initdb", "-D", str(new), "-U", "postgres", "-A", "scram-sha-256",
        f"--pwfile={password_file}", "-E", "UTF8", "--locale=C.UTF-8", *(["--no-sync"] if cluster.for_tests else []),
    ]  # fmt: skip
    try:
        made = subprocess.run(
            command, capture_output=True, text=True, errors="replace", cwd="/", check=False,
            user=cluster.user, group=group_of(cluster.user) if cluster.user else None,
            extra_groups=[] if cluster.user else None,
        )  # fmt: skip
    finally:
        password_file.unlink()
    if made.returncode:
        raise Refusal(f"initdb could not make the database in {cluster.data}:\n{made.stdout}{made.stderr}")
    new.rename(cluster.data)


def server(cluster: Cluster, superuser_password: str) -> Child:
    settings = COMMON_SETTINGS | (TEST_SETTINGS if cluster.for_tests else SAFE_SETTINGS)
    command = [cluster.binaries / "postgres", "-D", str(cluster.data), "-p", str(cluster.port)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    url = cluster.url("postgres", superuser_password, "postgres")
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients, and leaves a clean cluster.
    return Child(
        "postgres", command, user=cluster.user, is_ready=lambda: answers(url),
        stop_signal=SIGINT, death_signal=SIGINT, stop_seconds=20,
    )  # fmt: skip


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def make_roles(superuser_url: str, passwords: Passwords) -> None:
    """The owner, who migrates; the runtime role, who only logs in; and the owner's database."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for role, rights, password in (
            (OWNER_ROLE, "LOGIN CREATEDB", passwords.owner),
            (APP_ROLE, "LOGIN", passwords.app),
        ):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                statement = sql.SQL("CREATE ROLE {} " + rights + " PASSWORD {}")
                connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
