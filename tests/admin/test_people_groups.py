"""The groups that come with the product: what each may do, and that every permission has its place."""

import re

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission

from ledger.models import AuditEntry
from scoring.services.groups import AREAS, GROUPS, group_permissions, groups_ensure
from tests.docs.documents import DOCS

DEFAULT_ACTIONS = ("add", "change", "delete", "view")


def names(permissions) -> set[str]:
    return {f"{each.content_type.app_label}.{each.codename}" for each in permissions.select_related("content_type")}


@pytest.fixture
def groups(db) -> dict[str, Group]:
    groups_ensure()
    return {group.name: group for group in Group.objects.all()}


def test_every_group_has_exactly_its_permissions(groups):
    assert {name: names(group.permissions) for name, group in groups.items()} == {
        name: group_permissions(name) for name in GROUPS
    }


def test_what_was_added_is_taken_away_again_and_told(groups):
    stray = Permission.objects.get(codename="add_account")
    groups["Auditor"].permissions.add(stray)
    groups_ensure()

    assert "ledger.add_account" not in names(groups["Auditor"].permissions)
    assert AuditEntry.objects.filter(subject="group Auditor").latest("id").details == {
        "given": [],
        "taken": ["add_account"],
    }


def test_a_second_time_changes_nothing(groups):
    before = AuditEntry.objects.count()
    groups_ensure()

    assert AuditEntry.objects.count() == before


def test_every_model_is_in_one_area():
    placed = [
        f"{app}.{model}" for models in AREAS.values() for app, names in models.items() for model in names.split()
    ]

    assert sorted(placed) == sorted(model._meta.label_lower for model in apps.get_models())


def test_every_permission_of_its_own_is_given_to_somebody(groups):
    given = set().union(*(group_permissions(name) for name in GROUPS))
    own = {
        f"{model._meta.app_label}.{codename}"
        for model in apps.get_models()
        for codename, _ in model._meta.permissions
        if not codename.startswith(DEFAULT_ACTIONS)
    }

    assert own - given == set()


def test_no_group_changes_what_is_recorded(groups):
    facts = {model._meta.label_lower for model in apps.get_models() if getattr(model, "insert_only", False)}
    changing = {
        name for group in GROUPS for name in group_permissions(group) if re.search(r"\.(change|delete)_", name)
    }

    assert {name for name in changing if re.sub(r"(change|delete)_", "", name) in facts} == set()


def test_auditors_and_viewers_change_nothing():
    for name in ("Auditor", "Read-only"):
        assert {each for each in group_permissions(name) if ".view_" not in each} <= {"ledger.export_auditentry"}


def test_nobody_sees_keys():
    seen = set().union(*(group_permissions(name) for name in GROUPS))

    assert not [name for name in seen if re.search("view_(endpointsecret|totpdevice|static|session)", name)]


def test_the_document_says_what_each_group_does():
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.*?) \| (.*?) \|$", (DOCS / "people.md").read_text(), re.MULTILINE)

    assert {name: (" ".join(areas.split(", ")), set(re.findall("`(.+?)`", does))) for name, areas, does in rows} == {
        name: (areas, set(actions.split())) for name, (areas, actions) in GROUPS.items()
    }
