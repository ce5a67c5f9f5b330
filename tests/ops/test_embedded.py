"""Real PostgreSQL and Valkey servers, started and stopped."""

import os
import pwd
import shutil
import socket
import tempfile
from pathlib import Path

import psycopg
import pytest
import redis

from sentinel.ops import services
from sentinel.ops.console import Refusal
from sentinel.ops.embedded import postgres, postgres_binaries, valkey
from sentinel.ops.embedded.processes import free_port, reachable_by_others
from sentinel.ops.supervisor import Supervisor

PASSWORDS = postgres.Passwords("super-secret", "owner-secret", "app-secret")
is_root = os.geteuid() == 0


@pytest.fixture
def open_folder():
    """pytest's own temporary folders are closed to the user that root's server runs as."""
    folder = Path(tempfile.mkdtemp(prefix="sentinel-ops-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def start(supervisor: Supervisor, folder: Path, project: Path) -> postgres.Cluster:
    cluster = postgres.prepare_cluster(folder, project, PASSWORDS.superuser, for_tests=True)
    supervisor.start(postgres.server(cluster, PASSWORDS.superuser))
    superuser_url = cluster.url("postgres", PASSWORDS.superuser, "postgres")
    postgres.make_roles(superuser_url, PASSWORDS)
    return cluster


def run_twice(folder: Path, project: Path) -> postgres.Cluster:
    """The second start keeps what the first wrote."""
    with Supervisor(folder / "log") as supervisor:
        cluster = start(supervisor, folder, project)
        with psycopg.connect(cluster.url(postgres.OWNER_ROLE, PASSWORDS.owner)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with Supervisor(folder / "log") as supervisor:
        cluster = start(supervisor, folder, project)
        with psycopg.connect(cluster.url(postgres.OWNER_ROLE, PASSWORDS.owner)) as connection:
            row = connection.execute("SELECT answer FROM kept").fetchone()
    assert row == (42,)
    return cluster


def test_data_survive_a_stop_and_a_start(open_folder):
    cluster = run_twice(open_folder, open_folder)

    assert cluster.data == (open_folder / "postgres").resolve()
    assert not (cluster.data / "postmaster.pid").exists()  # it was stopped cleanly


def test_a_very_long_path_does_no_harm(open_folder):
    folder = open_folder / ("long-" * 12) / ("name-" * 12)
    folder.mkdir(parents=True)

    run_twice(folder, open_folder)

    assert len(str(folder)) > 120


def test_the_runtime_role_can_log_in_and_make_nothing(open_folder):
    with Supervisor(open_folder / "log") as supervisor:
        cluster = start(supervisor, open_folder, open_folder)
        connection = psycopg.connect(cluster.url(postgres.APP_ROLE, PASSWORDS.app))
        with connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine ()")


def test_a_wrong_password_is_refused(open_folder):
    with Supervisor(open_folder / "log") as supervisor:
        cluster = start(supervisor, open_folder, open_folder)

        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(cluster.url(postgres.OWNER_ROLE, "wrong"))


def test_nobody_may_switch_triggers_off(open_folder):
    with Supervisor(open_folder / "log") as supervisor:
        cluster = start(supervisor, open_folder, open_folder)
        with (
            psycopg.connect(cluster.url(postgres.OWNER_ROLE, PASSWORDS.owner)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("SET LOCAL session_replication_role = replica")


def test_production_settings_are_durable():
    assert postgres.SAFE_SETTINGS["fsync"] == postgres.SAFE_SETTINGS["synchronous_commit"] == "on"


@pytest.mark.skipif(not is_root, reason="only root changes the server's user: run the tests as root to see this")
def test_roots_server_runs_as_nobody_and_opens_no_closed_home(open_folder):
    home = open_folder / "home"
    home.mkdir(mode=0o700)
    wheel = postgres_binaries.find_binaries().folder.parent
    package = wheel.parent
    site_packages = home / "site-packages"
    shutil.copytree(wheel, site_packages / package.name / wheel.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, site_packages / libraries.name)
    closed = postgres_binaries.find_binaries([site_packages / package.name / wheel.name / "bin"])
    shared = postgres_binaries.shared_folder(home)

    try:
        copy = postgres_binaries.reachable_binaries(closed, home)
        assert postgres_binaries.binary_version(copy.folder) == closed.version
        assert reachable_by_others(copy.folder / "postgres")
        cluster = run_twice(home, home)
        assert pwd.getpwuid(cluster.data.stat().st_uid).pw_name == "nobody"
        assert cluster.data.is_relative_to(shared)
        assert (home / "postgres").is_symlink()
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        shutil.rmtree(shared)


def test_an_interrupted_first_start_leaves_no_half_cluster(open_folder):
    half = open_folder / "postgres.new"
    half.mkdir()
    (half / "rubbish").touch()

    run_twice(open_folder, open_folder)


def test_data_of_another_major_version_are_refused(open_folder):
    data = open_folder / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("12\n")

    with pytest.raises(Refusal, match="made by PostgreSQL 12"):
        postgres.prepare_cluster(open_folder, open_folder, PASSWORDS.superuser, for_tests=True)


def fake_server(path: Path, words: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{words}'\n")
    path.chmod(0o755)
    return path


def test_the_newest_installed_postgresql_comes_first(tmp_path):
    for major in ("9", "15", "17"):
        fake_server(tmp_path / major / "bin" / "postgres", f"postgres (PostgreSQL) {major}.4")

    folders = postgres_binaries.candidate_folders(packages=(), system=tmp_path)

    assert [folder.parent.name for folder in folders] == ["17", "15", "9"]


def test_binaries_that_are_too_old_or_do_not_run_are_passed_over(tmp_path):
    broken, old, good = tmp_path / "broken", tmp_path / "old", tmp_path / "good"
    fake_server(broken / "postgres", "").write_text("#!/nowhere\n")
    fake_server(old / "postgres", "postgres (PostgreSQL) 14.9")
    fake_server(good / "postgres", "postgres (PostgreSQL) 16.2")
    fake_server(good / "initdb", "")

    assert postgres_binaries.find_binaries([broken, old, good]).version == "16.2"


def test_without_any_postgresql_the_person_is_told_what_to_do():
    with pytest.raises(Refusal, match="set DATABASE_URL and DATABASE_OWNER_URL"):
        postgres_binaries.find_binaries([])


def test_valkey_needs_its_password_and_listens_on_loopback_only(tmp_path):
    with Supervisor(tmp_path / "log") as supervisor:
        child, url, _ = valkey.server(tmp_path, "secret")
        supervisor.start(child)
        with redis.Redis.from_url(url) as client, redis.Redis(port=int(url.split(":")[-1][:-2])) as stranger:
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            with pytest.raises(redis.AuthenticationError):
                stranger.ping()
    assert "secret" not in " ".join(child.command)


def test_redis_before_7_is_passed_over(tmp_path):
    old = fake_server(tmp_path / "old", "Redis server v=6.2.14 sha=0")
    new = fake_server(tmp_path / "new", "Redis server v=7.0.15 sha=0")

    assert valkey.find_binary([tmp_path / "missing", old, new]) == valkey.Binary(new, "Redis", "7.0.15")


def test_a_taken_port_is_left_to_its_owner():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert free_port(port) > port


def test_half_named_database_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://a:b@127.0.0.1/x")
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)

    with Supervisor(tmp_path) as supervisor, pytest.raises(Refusal, match="together"):
        services.start_services(supervisor, tmp_path)


def test_named_services_are_used_and_nothing_is_started(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app@db/x")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner@db/x")
    monkeypatch.setenv("REDIS_URL", "redis://:p@cache:6379/0")
    monkeypatch.delenv("BROKER_URL", raising=False)

    with Supervisor(tmp_path) as supervisor:
        named = services.start_services(supervisor, tmp_path)
        assert supervisor.running == []

    assert named.broker_url == "redis://:p@cache:6379/1"
    assert not named.has_embedded_database
