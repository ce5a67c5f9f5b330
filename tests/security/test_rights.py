"""What each group may do: each model of the Admin by add, change and delete, and each page and step beside them.

The models follow the groups' permissions (scoring/services/groups.py); pages and steps stand in docs/rights.md.
"""

import re
from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from scoring.domain.jobs.readings import Reading
from scoring.models import ScoreJob
from scoring.services.groups import GROUPS, group_permissions, groups_ensure
from sentinel.core.ids import uuid7
from tests.admin.test_people_every_page import OPEN, OPEN_TO_ALL, admin_patterns
from tests.docs.documents import DOCS
from tests.every_page import filled_paths, newest
from tests.filled_site import fill_site

ACTIONS = ("add", "change", "delete")
# Where those are sent who have no session, who name a row that is none, or who would give themselves a password.
ELSEWHERE = {reverse("admin:index"), reverse("admin:password_change")}
# Their rows lead to the page of their payment.
SHOWN_ELSEWHERE = {"ledger.hold", "ledger.sampledreview"}
EVERYBODY_HAS = "webhooks.alertsubscription"  # each person their own, and no others
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label_lower)


@pytest.fixture
def chief(db) -> Client:
    user = User.objects.create_superuser("chief")
    fill_site(lambda name, length: "paul@bank.example" if name == "person.email" else name[:length], user)
    file = {"file_name": "x.csv", "file_sha256": "0" * 64, "size_bytes": 1, "unpacked_bytes": 1}
    told = file | {"reading": Reading().to_json()}
    ScoreJob.objects.create(id=uuid7(), made_by="ana", livemode=True, created_at=timezone.now(), **told)
    return signed_in(user)


@pytest.fixture
def members(chief) -> dict[str, Client]:
    groups_ensure()
    made = {}
    for name in GROUPS:
        user = User.objects.create_user(name, is_staff=True)
        user.groups.add(Group.objects.get(name=name))
        made[name] = signed_in(user)
    return made


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def may(client: Client, method: str, url: str) -> bool:
    """Whether the answer is no refusal. What it did is taken back."""
    with transaction.atomic():
        answer = client.get(url) if method == "GET" else client.post(url)
        transaction.set_rollback(True)
    assert answer.status_code < 500, (method, url)
    place = answer.headers.get("Location", "")
    away = answer.status_code == 302 and (place in ELSEWHERE or "/login/" in place)
    return answer.status_code not in {403, 404, 405} and not away


def pages_of(model: type[Model]) -> Iterator[tuple[str, str, str]]:
    """Action, method and address."""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    yield "add", "GET", reverse(f"{name}_add")
    row = model._default_manager.order_by("-pk").first()
    if row is not None and model._meta.label_lower not in SHOWN_ELSEWHERE:
        yield "change", "POST", reverse(f"{name}_change", args=[quote(row.pk)])
        yield "delete", "GET", reverse(f"{name}_delete", args=[quote(row.pk)])


def test_no_group_adds_changes_or_deletes_but_by_its_permissions(chief, members):
    wrong, allowed = [], 0
    for model in MODELS:
        label = model._meta.label_lower
        for action, method, url in pages_of(model):
            is_offered = may(chief, method, url)
            for group, client in members.items():
                permission = f"{model._meta.app_label}.{action}_{model._meta.model_name}"
                is_let = permission in group_permissions(group) or (label == EVERYBODY_HAS and action == "add")
                expected = is_offered and is_let
                allowed += expected
                if (found := is_offered and may(client, method, url)) != expected:
                    wrong.append((group, label, action, found))

    assert allowed > 20
    assert wrong == []


def steps() -> dict[str, list[str]]:
    """Addresses of each page and step that is no model's own, by its name and the word in its place."""
    found: dict[str, list[str]] = {}
    for path, pattern in admin_patterns():
        name = pattern.name or ""
        if not name or name in OPEN | OPEN_TO_ALL or "(?P" in path or "object_id" in path or _is_models_own(name):
            continue
        for url, words in filled_paths(path):
            found.setdefault(" ".join([name, *words]), []).extend([url, *_chosen(name, url)])
    return found


def _chosen(name: str, url: str) -> list[str]:
    """With a row of the model, as a page about rows that somebody chose in a list wants it."""
    models = [each for each in MODELS if name.startswith(f"{each._meta.app_label}_{each._meta.model_name}_")]
    return [f"{url}?id={quote(str(pk))}" for each in models for pk in newest(each)]


def _is_models_own(name: str) -> bool:
    own = {f"{model._meta.app_label}_{model._meta.model_name}" for model in MODELS}
    return any(name == f"{each}_{page}" for each in own for page in ("changelist", "add"))


def offered(chief: Client, urls: list[str]) -> tuple[str, str] | None:
    """How the step is taken by whoever may do everything: method and address. None where its word means nothing."""
    return next(((how, url) for how in ("POST", "GET") for url in urls if may(chief, how, url)), None)


def test_every_page_and_step_is_for_the_groups_that_the_document_names(chief, members):
    taken = {name: way for name, urls in steps().items() if (way := offered(chief, urls)) is not None}
    found = {name: [group for group in members if may(members[group], *way)] for name, way in taken.items()}

    assert found == written()


def written() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(.+?)` \| (.*?) \|$", (DOCS / "rights.md").read_text(), re.MULTILINE)
    return {name: groups.split(", ") if groups else [] for name, groups in rows}
