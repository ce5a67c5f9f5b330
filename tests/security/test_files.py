"""Cells of files that people and gateways upload: no card number gets in, and whatever looks like SQL is text."""

import csv
import io
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ledger.models import Label, LabelImport
from ledger.services.label_imports import label_import_work
from ledger.tasks import label_import_continue
from rules.domain.list_files import COLUMNS as LIST_COLUMNS
from rules.list_tasks import list_import_continue
from rules.models import List, ListImport, ListItem
from rules.services.list_import_work import list_import_work
from rules.services.list_imports import list_import_apply
from rules.services.lists import list_save
from scoring.bank_import.files import AccountRow, LabelRow, TransactionRow
from scoring.domain.jobs.fields import FIELDS
from scoring.models import ScoreJob
from scoring.services.jobs.working import job_work
from scoring.tasks import job_continue
from tests.factories import make_account, make_client, make_payment
from tests.scoring.jobs.conftest import job_folder, kept_files  # noqa: F401 - files of the test's own
from tests.security.test_injection import SQL
from tests.security.traces import log_as_it_is_written, new_card_number, spellings, tables_with

FILES = {AccountRow: "accounts", TransactionRow: "transactions", LabelRow: "labels"}
LABEL_COLUMNS = ("reference", "label", "source", "observed_at", "note")


@pytest.fixture(autouse=True)
def no_worker(monkeypatch) -> None:
    for task in (label_import_continue, list_import_continue, job_continue):
        monkeypatch.setattr(task, "delay", lambda *_: None)


@pytest.fixture
def chief(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("chief"))
    return client


@pytest.fixture
def values(db) -> List:
    item_list = List(name="values", item_type="text", purpose="block")
    list_save(actor="ana", item_list=item_list, now=timezone.now())
    return item_list


def file_of(columns, *rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="x")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def upload(client: Client, url: str, data: bytes, **fields: str):
    return client.post(url, {"file": SimpleUploadedFile("rows.csv", data), **fields}, follow=True)


def every_upload(values: List) -> list[tuple[str, tuple[str, ...], dict[str, str]]]:
    """Address, columns and what else the form asks."""
    return [
        (reverse("admin:ledger_labelimport_upload"), LABEL_COLUMNS, {}),
        (reverse("admin:rules_list_import", args=[values.pk]), LIST_COLUMNS, {"reason": "seen"}),
        (reverse("admin:scoring_scorejob_upload"), tuple(FIELDS), {}),
    ]


def test_no_column_of_a_file_takes_a_card_number(chief, values, job_folder):  # noqa: F811
    number = new_card_number()
    with log_as_it_is_written() as log:
        for url, columns, fields in every_upload(values):
            for column in columns:
                for text in spellings(number):
                    page = upload(chief, url, file_of(columns, {column: text}), **fields).content.decode()
                    assert "Line 2 holds a full card number" in page, (url, column)
                    assert number not in page

    assert tables_with(number) == []
    assert (LabelImport.objects.count(), ListImport.objects.count(), ScoreJob.objects.count()) == (0, 0, 0)
    assert kept_files(job_folder) == []
    assert number not in log.getvalue()


@pytest.mark.contract
@pytest.mark.parametrize("kind", FILES)
def test_no_column_of_a_banks_past_takes_a_card_number(gateway, tmp_path, kind):
    number, name = new_card_number(), FILES[kind]
    columns = list(kind.model_fields)
    rows = [{column: text} for column in columns for text in spellings(number)]
    (tmp_path / f"{name}.csv").write_bytes(file_of(columns, *rows))
    said = io.StringIO()
    with log_as_it_is_written() as log, pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_bank", str(tmp_path), "--client", gateway.client.name, stderr=said, verbosity=0)

    assert number not in said.getvalue() + log.getvalue()
    assert tables_with(number) == []


def one_line(text: str) -> str:
    return text.replace("\r\n", " ")


def test_items_of_a_file_that_look_like_sql_are_items(chief, values):
    texts = [one_line(text)[:100] for text in SQL]
    url = reverse("admin:rules_list_import", args=[values.pk])
    upload(chief, url, file_of(LIST_COLUMNS, *[{"value": text, "expires_at": ""} for text in texts]), reason="seen")
    made = ListImport.objects.get()
    list_import_work(made.pk)
    list_import_apply(actor="ana", list_import=made, now=timezone.now())
    list_import_work(made.pk)

    kept = set(ListItem.objects.filter(list=values).values_list("value", flat=True))
    assert {"'; DROP TABLE ledger_transaction; --", "' OR 1=1 --", "'||pg_sleep(9)--", "%s"} <= kept
    assert kept <= {text.strip() for text in texts}


def test_labels_of_a_file_that_look_like_sql_label_nothing_else(chief):
    paid = make_payment(make_account(), make_client(), reference="order-1", now=timezone.now() - timedelta(days=2))
    day = f"{timezone.now() - timedelta(days=1):%Y-%m-%dT%H:%MZ}"
    told = {"label": "fraud", "source": "chargeback", "observed_at": day, "note": ""}
    rows = [{**told, "reference": one_line(text)[:200]} for text in SQL]
    rows += [{**told, "reference": "order-1", "note": "'; DROP TABLE ledger_label; --"}]
    upload(chief, reverse("admin:ledger_labelimport_upload"), file_of(LABEL_COLUMNS, *rows))
    made = LabelImport.objects.get()
    label_import_work(import_id=made.pk, now=timezone.now())
    made.refresh_from_db()

    assert made.counts["new"] + made.counts["faulty"] == len(rows)
    assert Label.objects.count() == 0
    assert paid.reference == "order-1"


@pytest.mark.parametrize("column", ["transaction_id", "account_id", "merchant_name", "currency", "occurred_at"])
def test_rows_of_a_scored_file_that_look_like_sql_are_rows(chief, job_folder, column):  # noqa: F811
    good = {"account_id": "acc_1", "amount": "10.00", "currency": "INR", "transaction_type": "purchase"}
    columns = (*good, "transaction_id", "merchant_name", "occurred_at")
    base = {**good, "transaction_id": "t", "merchant_name": "m", "occurred_at": "2026-01-31T12:00:00Z"}
    rows = [{**base, column: one_line(text)[:200]} for text in SQL]
    upload(chief, reverse("admin:scoring_scorejob_upload"), file_of(columns, *rows))
    job = ScoreJob.objects.get()
    for _ in range(20):
        if not job_work(job.pk):
            break
    job.refresh_from_db()

    assert job.checked["rows"] == len(rows)
    assert job.state != ScoreJob.State.FAILED
