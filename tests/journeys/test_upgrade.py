"""What an earlier release has recorded goes on under this one: receipts, balances, keys, books and seal."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from ledger.models import Case, Hold, Transaction
from ledger.services.partitions import partitions_make
from ledger.services.seal.heads import heads_write
from ledger.services.seal.sealing import seal_round
from ledger.services.seal.verifying import ledger_verify
from tests.gateway import purchase
from tests.ledger.own_record import empty_database, older_writers_wait
from tests.servers import web_processes

pytestmark = pytest.mark.journey
DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Release:
    """`leaves` are its last migrations, `written_at` is when its record was made."""

    name: str
    leaves: list[tuple[str, str]]
    written_at: datetime

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads((DATA / f"{self.name}.json").read_text()))


RELEASES = [
    Release(
        "release-0.1",
        [
            ("admin", "0003_logentry_add_action_flag_choices"), ("api", "0002_score_scope"),
            ("auth", "0012_alter_user_first_name_max_length"),
            ("contenttypes", "0002_remove_content_type_name"),
            ("django_celery_results", "0014_alter_taskresult_status"),
            ("ledger", "0004_checked_in_sets"), ("rules", "0002_insert_only"), ("scoring", "0002_predictions"),
            ("sessions", "0001_initial"),
        ],
        datetime(2026, 11, 28, tzinfo=UTC),
    ),
]  # fmt: skip


@pytest.fixture(scope="module", params=RELEASES, ids=lambda release: release.name)
def upgraded(request, django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[Release]:
    """Django's connection leads to a database that the release has filled and this one has migrated."""
    release: Release = request.param
    with django_db_blocker.unblock(), empty_database(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.SEAL_DIR", tmp_path_factory.mktemp("seal"))
        MigrationExecutor(connection).migrate(release.leaves)
        partitions_make(now=release.written_at)
        with connection.cursor() as cursor:
            cursor.execute((DATA / f"{release.name}.sql").read_text())
        call_command("migrate", verbosity=0)
        yield release


@pytest.fixture
def record(upgraded, django_db_blocker) -> Iterator[Release]:
    with django_db_blocker.unblock():
        yield upgraded


@contextmanager
def served(release: Release) -> Iterator[httpx.Client]:
    told = release.told
    prefix = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{uuid4().hex[:6]}"
    with (
        web_processes(1, SENTINEL_API_KEY_PEPPER=told["api_key_pepper"], SENTINEL_REDIS_PREFIX=prefix) as url,
        httpx.Client(base_url=url, headers={"X-API-Key": told["api_key"]}, timeout=30) as caller,
    ):
        yield caller


def test_old_answers_are_given_again_balances_stand_and_payments_go_on(record):
    payments = Transaction.objects.count()
    with served(record) as caller:
        for asked in record.told["requests"]:
            answer = caller.post(asked["path"], json=asked["body"], headers={"Idempotency-Key": asked["key"]})
            assert (answer.status_code, answer.text) == (asked["status"], asked["answer"]), asked["key"]
            assert answer.headers["idempotent-replayed"] == "true"
        for account, balance in record.told["balances"].items():
            assert caller.get(f"/api/v1/accounts/{account}/balance").text == balance
        assert Transaction.objects.count() == payments

        new = caller.post(
            "/api/v1/transactions", json=purchase("acc_bob", "10.00", currency="EUR"),
            headers={"Idempotency-Key": str(uuid4())},
        )  # fmt: skip
        left = caller.get("/api/v1/accounts/acc_bob/balance").json()["posted"]

    assert (new.status_code, new.json()["outcome"]) == (201, "approve")
    assert float(left) == float(json.loads(record.told["balances"]["acc_bob"])["posted"]) - 10
    assert Transaction.objects.count() == payments + 1


def test_the_old_record_is_sealed_without_more_ado_and_verified(record):
    older_writers_wait()
    while seal_round(now=timezone.now()):
        heads_write()
    *_, found = ledger_verify()

    assert found.leaves > Transaction.objects.count() > 0
    assert (found.faults, found.late, found.not_outside) == ([], 0, 0)


def test_old_holds_are_cases_that_can_be_worked(record):
    held = set(Hold.objects.values_list("transaction_id", flat=True))

    assert len(held) == 2
    assert set(Case.objects.values_list("transaction_id", flat=True)) == held
