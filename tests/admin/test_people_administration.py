"""Administrators of people let others in, and never raise themselves."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.urls import reverse

from ledger.models import AuditEntry

ADD = reverse("admin:auth_user_add")


def page_of(person: User) -> str:
    return reverse("admin:auth_user_change", args=[person.pk])


@pytest.fixture
def maya(db) -> User:
    return User.objects.create_user("maya", is_staff=True)


def form_of(person: User, **changes) -> dict:
    joined = person.date_joined
    told = {"username": person.username, "is_active": "on", "is_staff": "on", "date_joined_0": joined.date()}
    return {**told, "date_joined_1": joined.time(), **changes}


def test_a_person_is_made_and_it_is_told(chief):
    password = "quite a long sentence"
    form = {"username": "new", "usable_password": "true", "password1": password, "password2": password}
    chief.post(ADD, form)

    assert User.objects.filter(username="new", is_superuser=False).exists()
    assert AuditEntry.objects.filter(action="person.made", subject="person new", actor="chief").exists()


def test_a_person_is_put_into_a_group_and_it_is_told(chief, maya):
    reviewers = Group.objects.get(name="Reviewer")
    chief.post(page_of(maya), form_of(maya, groups=[reviewers.pk]))

    assert list(maya.groups.all()) == [reviewers]
    told = AuditEntry.objects.get(action="person.changed")
    assert (told.subject, told.details["groups"]) == ("person maya", ["Reviewer"])


def test_nobody_is_made_a_superuser_or_given_single_permissions(chief, maya):
    permission = Permission.objects.get(codename="publish_rule")
    chief.post(page_of(maya), form_of(maya, is_superuser="on", user_permissions=[permission.pk]))

    maya.refresh_from_db()
    assert not maya.is_superuser
    assert not maya.user_permissions.exists()


def test_their_own_groups_stay_as_they_are(chief):
    me = User.objects.get(username="chief")
    chief.post(page_of(me), form_of(me, groups=[Group.objects.get(name="Approver").pk]))

    assert [group.name for group in me.groups.all()] == ["People administrator"]


def test_superusers_are_out_of_reach(chief, admin_user):
    before = admin_user.password
    passwords = {
        "usable_password": "true",
        "password1": "quite a long sentence",
        "password2": "quite a long sentence",
    }
    answers = [
        chief.post(page_of(admin_user), form_of(admin_user, username="mine")),
        chief.post(reverse("admin:auth_user_password_change", args=[admin_user.pk]), passwords),
    ]

    admin_user.refresh_from_db()
    assert [answer.status_code for answer in answers] == [403, 403]
    assert (admin_user.username, admin_user.password) == ("admin", before)


def test_nobody_deletes_people(admin_client, maya):
    assert admin_client.post(reverse("admin:auth_user_delete", args=[maya.pk]), {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=maya.pk).exists()


def test_a_superuser_changes_a_group_and_it_is_told(admin_client, chief):
    group = Group.objects.create(name="Interns")
    url = reverse("admin:auth_group_change", args=[group.pk])
    permission = Permission.objects.get(codename="view_rule")
    assert chief.post(url, {"name": "Mine"}).status_code == 403

    admin_client.post(url, {"name": "Interns", "permissions": [permission.pk]})
    assert AuditEntry.objects.get(action="group.changed").details == {"permissions": ["view_rule"]}
