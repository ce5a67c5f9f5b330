"""The audit filtered and taken out, and who may do what, for those who review it."""

import csv
from datetime import timedelta
from io import StringIO

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from ledger.models import AuditEntry
from ledger.services.audit import audit_record
from scoring.services.groups import groups_ensure

AUDIT, EXPORT = reverse("admin:ledger_auditentry_changelist"), reverse("admin:ledger_auditentry_export")
ACCESS = reverse("admin:auth_user_export")


def record(actor="ravi", action="hold.approved", subject="txn_1", **details) -> AuditEntry:
    return audit_record(actor=actor, action=action, subject=subject, details=details, now=timezone.now())


@pytest.fixture
def entries(db) -> list[AuditEntry]:
    return [
        record(),
        record("maya", "rule.published", "rule:x"),
        record("=cmd|calc", "hold.declined", "@sum", why="-1"),
    ]


@pytest.fixture
def auditor(sign_in):
    return sign_in("audra", "ledger.view_auditentry", "ledger.export_auditentry")


async def read(answer) -> bytes:
    return b"".join([part async for part in answer.streaming_content])


def rows_of(answer) -> list[dict]:
    content = async_to_sync(read)(answer) if answer.streaming else answer.content
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"))))


def shown(client, **query) -> list[str]:
    return [entry.action for entry in client.get(AUDIT, query).context["cl"].result_list]


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ({"person": "maya"}, ["rule.published"]),
        ({"action_is": "hold."}, ["hold.declined", "hold.approved"]),
        ({"subject": "txn_1"}, ["hold.approved"]),
        ({"person": "maya", "action_is": "hold."}, []),
    ],
)
def test_the_audit_is_filtered(auditor, entries, query, actions):
    assert shown(auditor, **query) == actions


def test_the_audit_is_filtered_by_days(auditor, entries):
    today = timezone.now().date()

    assert len(shown(auditor, **{"from": str(today), "until": str(today)})) == 3
    assert shown(auditor, until=str(today - timedelta(days=1))) == []


@pytest.mark.parametrize("day", ["31.1.2026", "2026-13-01", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_is_said_and_shows_nothing_wrong(auditor, entries, day):
    assert auditor.get(AUDIT, {"until": day}).status_code == 200


def test_what_is_filtered_is_taken_out_with_safe_cells(auditor, entries):
    rows = rows_of(auditor.get(EXPORT, {"action_is": "hold."}))

    assert [(row["actor"], row["subject"]) for row in rows] == [("'=cmd|calc", "'@sum"), ("ravi", "txn_1")]
    told = AuditEntry.objects.get(action="audit.exported")
    assert (told.actor, told.details) == ("audra", {"filters": "action_is=hold."})


def test_all_pages_are_taken_out(auditor, entries, monkeypatch):
    monkeypatch.setattr("ledger.admin.audit.ROWS_PER_PAGE", 2)

    assert len(rows_of(auditor.get(EXPORT))) == 3


def test_whoever_only_looks_takes_nothing_out(sign_in, entries):
    watcher = sign_in("watcher", "ledger.view_auditentry")

    assert watcher.get(EXPORT).status_code == 403
    assert "Export" not in watcher.get(AUDIT).content.decode()
    assert not AuditEntry.objects.filter(action="audit.exported").exists()


@pytest.fixture
def people(db) -> None:
    groups_ensure()
    maya = User.objects.create_user("maya", first_name="=Maya", is_staff=True, is_active=False)
    maya.groups.add(Group.objects.get(name="Senior reviewer"))
    User.objects.create_superuser("root")


def test_access_is_a_row_for_each_person(people, capsys):
    call_command("export_access")
    maya, root = csv.DictReader(StringIO(capsys.readouterr().out))

    assert (maya["username"], maya["name"], maya["active"], maya["groups"]) == (
        "maya",
        "'=Maya",
        "no",
        "Senior_reviewer",
    )
    assert "ledger.resolve_hold" in maya["permissions"].split()
    assert (maya["last_log_in"], maya["second_factor_since"], maya["sessions"]) == ("never", "none", "0")
    assert (root["superuser"], root["permissions"]) == ("yes", "all")


def test_access_is_written_to_a_file(people, tmp_path):
    call_command("export_access", output=tmp_path / "access.csv")

    assert (tmp_path / "access.csv").read_text().startswith("username,name,")


def test_access_is_taken_out_of_the_page_and_told(people, sign_in):
    assert sign_in("watcher", "auth.view_user").get(ACCESS).status_code == 403

    rows = rows_of(sign_in("chief", "auth.view_user", "auth.view_group").get(ACCESS))
    assert "maya" in [row["username"] for row in rows]
    assert AuditEntry.objects.get(action="access.exported").actor == "chief"
