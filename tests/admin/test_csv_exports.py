"""Every file that leaves the house is safe to open in a spreadsheet. A new export has to be named here."""

import csv
import re
import time
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from dashboard.services.facts import facts_fill
from ledger.models import LabelImport
from ledger.selectors import settled
from ledger.services.audit import audit_record
from rules.models import List, ListImport, ListImportFault
from rules.services.lists import NewItem, list_item_submit, list_save
from scoring.models import ScoreJob
from sentinel.core.csv_files import csv_text, safe_row, with_formula
from sentinel.core.ids import uuid7
from tests.dashboard.told import facts_begin
from tests.factories import make_payment

# What a spreadsheet takes for the beginning of a formula.
EVIL = ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\rx")
# Where files are written that somebody may open, and where CSV is written for machines only.
WRITERS = {
    "dashboard/admin/people.py",
    "dashboard/management/commands/export_access.py",
    "dashboard/management/commands/export_facts.py",
    "dashboard/views/export.py",
    "ledger/admin/audit.py",
    "ledger/admin/csv_response.py",
    "ledger/admin/label_imports.py",
    "rules/admin/list_export.py",
    "scoring/admin/jobs.py",
    "scoring/api/jobs.py",
    "scoring/services/jobs/fetching.py",
    "sentinel/api/streaming.py",
    "sentinel/core/csv_files.py",
}
FOR_MACHINES = {
    "scoring/replay/predictions.py",
    "scoring/services/jobs/scoring.py",
    "scoring/services/jobs/splitting.py",
}
NOT_CSV = {"rules_files_export"}  # rules as JSON
# Written by workers long before it is fetched: tests/scoring/jobs holds its cells.
WRITTEN_BEFORE = {"scoring_scorejob_results"}
_WRITES = re.compile(r"csv\.writer|csv\.DictWriter|csv_text\(|csv_response\(|text/csv")


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_no_cell_begins_a_formula_and_each_can_be_read_again(cells):
    (row,) = csv.reader(StringIO(csv_text([safe_row(*cells)]), newline=""))

    assert [cell for cell in row if cell[:1] in set("=+-@\t\r")] == []
    assert [with_formula(cell) for cell in row] == cells


def test_every_writer_of_csv_is_named_here():
    root = Path(django_settings.BASE_DIR)
    apps = ("dashboard", "ledger", "rules", "scoring", "sentinel", "webhooks")
    found = {
        str(path.relative_to(root))
        for app in apps
        for path in (root / app).rglob("*.py")
        if _WRITES.search(path.read_text())
    }

    assert found == WRITERS | FOR_MACHINES


def test_every_address_of_a_file_is_named_here():
    from tests.admin.test_people_every_page import admin_patterns

    named = {pattern.name for path, pattern in admin_patterns() if re.search(r"csv|export", path)}

    assert named - NOT_CSV - WRITTEN_BEFORE == set(EXPORTS)


def decisions(client: Client, evil: str):
    return client.post(reverse("admin:dashboard_decisions_csv"), query_params={"period": "7d"})


def audit(client: Client, evil: str):
    audit_record(actor=evil, action="hold.approved", subject=evil, details={"why": evil}, now=timezone.now())
    return client.get(reverse("admin:ledger_auditentry_export"))


def access(client: Client, evil: str):
    User.objects.create(username=evil, first_name=evil, last_name=evil, email=evil)
    return client.get(reverse("admin:auth_user_export"))


def items(client: Client, evil: str):
    item_list = _list()
    list_item_submit(actor="ana", item_list=item_list, wanted=NewItem(evil, evil, None), now=timezone.now())
    return client.get(reverse("admin:rules_list_export", args=[item_list.pk]))


def list_faults(client: Client, evil: str):
    told = {"file_name": "x.csv", "size_bytes": 1, "uploaded_by": "ana", "uploaded_at": timezone.now()}
    made = ListImport.objects.create(list=_list(), reason="seen", **told)
    ListImportFault.objects.create(list_import=made, line=2, column="value", words=evil)
    return client.get(reverse("admin:rules_listimport_faults", args=[made.pk]))


def label_faults(client: Client, evil: str):
    told = {"file_name": "x.csv", "size_bytes": 1, "uploaded_by": "ana", "uploaded_at": timezone.now()}
    made = LabelImport.objects.create(faults=[{"line": 2, "column": "note", "words": evil}], **told)
    return client.get(reverse("admin:ledger_labelimport_faults", args=[made.pk]))


def job_faults(client: Client, evil: str):
    found = {"faults": [{"line": 2, "column": "amount", "words": evil}]}
    told = {"file_name": "x.csv", "file_sha256": "0" * 64, "size_bytes": 1, "unpacked_bytes": 1, "livemode": True}
    made = ScoreJob.objects.create(id=uuid7(), made_by="ana", checked=found, created_at=timezone.now(), **told)
    return client.get(reverse("admin:scoring_scorejob_faults", args=[made.pk]))


def _list() -> List:
    item_list = List(name="values", item_type="text", purpose="block")
    list_save(actor="ana", item_list=item_list, now=timezone.now())
    return item_list


EXPORTS: dict[str, Callable] = {
    "dashboard_decisions_csv": decisions,
    "ledger_auditentry_export": audit,
    "auth_user_export": access,
    "rules_list_export": items,
    "rules_listimport_faults": list_faults,
    "ledger_labelimport_faults": label_faults,
    "scoring_scorejob_faults": job_faults,
}


@pytest.fixture
def chief(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("chief"))
    return client


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("name", EXPORTS)
def test_no_cell_of_an_export_begins_a_formula(name, evil, chief, account_alice, gateway_client, monkeypatch):
    if name == "dashboard_decisions_csv":
        monkeypatch.setattr(settled, "MARGIN", timedelta(0))
        facts_begin()
        make_payment(account_alice, gateway_client, merchant_id=evil, merchant_name=evil, channel=evil)
        time.sleep(0.002)  # ids carry milliseconds
        facts_fill(now=timezone.now())

    rows = rows_of(EXPORTS[name](chief, evil))

    assert any(evil.strip() in cell for row in rows[1:] for cell in row)
    assert [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r")] == []


def test_no_cell_of_a_command_begins_a_formula(chief, capsys):
    User.objects.create(username=EVIL[0], first_name=EVIL[1])
    call_command("export_access")

    rows = list(csv.reader(StringIO(capsys.readouterr().out)))
    assert "'=HYPERLINK(1)" in {row[0] for row in rows}
    assert [cell for row in rows for cell in row if cell[:1] in set("=+-@\t\r")] == []


async def _read(answer) -> bytes:
    return b"".join([part async for part in answer.streaming_content])


def rows_of(answer) -> list[list[str]]:
    assert answer.status_code == 200
    content = async_to_sync(_read)(answer) if answer.streaming else answer.content
    return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))
