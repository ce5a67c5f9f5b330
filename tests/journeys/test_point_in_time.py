"""The drill of docs/deployment.md: a base backup, an archive of changes, and the way back to a moment.

The seal says that the record is not the whole one.
"""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from ledger.models import SealBlock, Transaction
from ledger.services.seal.heads import heads_write
from ledger.services.seal.sealing import seal_all
from ledger.services.seal.verifying import Verification, ledger_verify
from sentinel.ops.embedded import postgres
from sentinel.ops.embedded.processes import free_port, group_of
from sentinel.ops.state import ROOT
from tests.factories import make_account, make_client, make_payment
from tests.tls_servers import PASSWORDS, running

pytestmark = pytest.mark.journey
ARCHIVE_SECONDS = 30


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to the user that root's PostgreSQL runs as."""
    made = Path(tempfile.mkdtemp(prefix="sentinel-backup-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def open_to_server(path: Path, cluster: postgres.Cluster) -> Path:
    path.mkdir(mode=0o700)
    if cluster.user:
        shutil.chown(path, cluster.user, group_of(cluster.user))
    return path


def archiving(cluster: postgres.Cluster, archive: Path):
    """The server with the archive of docker/postgres/postgresql.conf, in another folder."""
    conf = (ROOT / "docker/postgres/postgresql.conf").read_text()
    command = conf.partition("archive_command = '")[2].partition("'")[0].replace("/archive/wal", str(archive))
    assert "mv" in command
    child = postgres.server(cluster, PASSWORDS.superuser)
    told = ["-c", "wal_level=replica", "-c", "archive_mode=on", "-c", f"archive_command={command}"]
    return replace(child, command=[*child.command, *told])


def superuser(cluster: postgres.Cluster) -> str:
    return cluster.url("postgres", PASSWORDS.superuser, "postgres")


@pytest.fixture
def bank_of(django_db_setup, django_db_blocker, monkeypatch) -> Iterator:
    """Django's connection leads to the owner of that server until the test is over."""
    told = connections["default"].settings_dict
    usual = dict(told)
    with django_db_blocker.unblock():

        def lead(cluster: postgres.Cluster) -> None:
            connection.close()
            told.update(HOST="127.0.0.1", PORT=str(cluster.port), NAME=postgres.DATABASE)
            told.update(USER=postgres.OWNER_ROLE, PASSWORD=PASSWORDS.owner)

        yield lead
        connection.close()
        told.update(usual)


def test_the_way_back_to_a_moment_and_the_seal_says_what_is_missing(folder, bank_of, monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "SEAL_DIR", tmp_path / "seal")
    monkeypatch.setattr(settings, "RUNTIME_DATABASE_USER", postgres.APP_ROLE)
    cluster = postgres.prepare_cluster(folder, folder, PASSWORDS.superuser, for_tests=True)
    archive = open_to_server(folder / "wal", cluster)
    with running(archiving(cluster, archive), folder / "before.log"):
        postgres.make_roles(superuser(cluster), PASSWORDS)
        bank_of(cluster)
        call_command("migrate", verbosity=0)
        account, client = make_account(), make_client()
        pay_and_seal(account, client, 3)
        base = backup(cluster, folder)
        pay_and_seal(account, client, 4)
        blocks, moment = SealBlock.objects.count(), datetime.now(UTC)
        time.sleep(0.1)
        pay_and_seal(account, client, 5)
        assert Transaction.objects.count() == 12
        assert verify().faults_count == 0
        finish_archive(cluster)
        connection.close()

    restored = replace(cluster, data=base, port=free_port())
    recover(restored, archive, moment)
    with running(postgres.server(restored, PASSWORDS.superuser), folder / "after.log"):
        wait_until_promoted(restored)
        bank_of(restored)
        assert Transaction.objects.count() == 7
        found = verify()
        connection.close()

    assert found.blocks == blocks
    assert [fault.block for fault in found.faults] == [blocks + 1]


def pay_and_seal(account, client, count: int) -> None:
    for number in range(count):
        make_payment(account, client, amount_minor=100 + number)
    assert seal_all(actor="drill", reason="drill", now=timezone.now()) >= count
    heads_write()


def verify() -> Verification:
    *_, found = ledger_verify(heads_folder=None)
    return found


def backup(cluster: postgres.Cluster, folder: Path) -> Path:
    """As docs/deployment.md takes it, unpacked: pg_basebackup of a running server, without its changes."""
    base = folder / "base"
    command = [cluster.binaries / "pg_basebackup", "--dbname", superuser(cluster), "--pgdata", str(base)]
    command += ["--checkpoint", "fast", "--wal-method", "none"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    if cluster.user:
        for path in (base, *base.rglob("*")):
            shutil.chown(path, cluster.user, group_of(cluster.user))
    return base


def finish_archive(cluster: postgres.Cluster) -> None:
    with psycopg.connect(superuser(cluster), autocommit=True) as server:
        name = value(server, "SELECT pg_walfile_name(pg_switch_wal())")
        deadline = time.monotonic() + ARCHIVE_SECONDS
        while time.monotonic() < deadline:
            if (value(server, "SELECT last_archived_wal FROM pg_stat_archiver") or "") >= name:
                return
            time.sleep(0.1)
    raise TimeoutError("the archive is not complete")


def recover(restored: postgres.Cluster, archive: Path, moment: datetime) -> None:
    told = restored.data / "postgresql.auto.conf"
    told.write_text(
        f"{told.read_text()}\nrestore_command = 'cp {archive}/%f %p'\n"
        f"recovery_target_time = '{moment.isoformat()}'\nrecovery_target_action = 'promote'\n"
    )
    (restored.data / "recovery.signal").touch()
    if restored.user:
        shutil.chown(restored.data / "recovery.signal", restored.user, group_of(restored.user))


def wait_until_promoted(restored: postgres.Cluster) -> None:
    deadline = time.monotonic() + ARCHIVE_SECONDS
    with psycopg.connect(superuser(restored), autocommit=True) as server:
        while value(server, "SELECT pg_is_in_recovery()"):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def value(server: psycopg.Connection, question: LiteralString) -> Any:
    row = server.execute(question).fetchone()
    assert row
    return row[0]
