"""A password that somebody else gave lets in to choose another one, and to nothing else."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.models import FirstPassword

GIVEN, OWN = "given by the chief today", "nobody else knows this one"
INDEX, LOG_IN, CHANGE = (reverse(f"admin:{name}") for name in ("index", "login", "password_change"))
TRANSACTIONS = reverse("admin:ledger_transaction_changelist")


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def maya(chief) -> User:
    """Made by the chief, and let in."""
    form = {"username": "maya", "usable_password": "true", "password1": GIVEN, "password2": GIVEN}
    chief.post(reverse("admin:auth_user_add"), form)
    User.objects.filter(username="maya").update(is_staff=True, is_superuser=True)
    return User.objects.get(username="maya")


def log_in(password: str) -> Client:
    client = Client()
    client.post(LOG_IN, {"username": "maya", "password": password})
    return client


def choose(client: Client, password: str = OWN, old: str = GIVEN):
    return client.post(CHANGE, {"old_password": old, "new_password1": password, "new_password2": password})


def test_it_leads_to_the_choice_of_another_from_everywhere(maya):
    client = log_in(GIVEN)

    for url in (INDEX, TRANSACTIONS, reverse("admin:own_sessions"), reverse("admin:second_factor")):
        for answer in (client.get(url), client.post(url)):
            assert (answer.status_code, answer.headers["Location"]) == (302, CHANGE)
    assert "Choose a password of your own" in client.get(CHANGE).content.decode()


def test_with_a_password_of_their_own_they_are_in(maya):
    client = log_in(GIVEN)
    choose(client)

    assert client.get(TRANSACTIONS).status_code == 200
    assert not FirstPassword.objects.exists()
    assert log_in(OWN).get(INDEX).status_code == 200
    assert log_in(GIVEN).get(INDEX).status_code == 302


def test_the_one_that_was_given_cannot_be_kept(maya):
    client = log_in(GIVEN)

    assert "This is the password you have" in choose(client, GIVEN).content.decode()
    assert client.get(INDEX).status_code == 302


def test_after_three_days_it_lets_nobody_in(maya):
    FirstPassword.objects.update(ends_at=timezone.now() + timedelta(minutes=1))
    assert log_in(GIVEN).get(CHANGE).status_code == 200

    FirstPassword.objects.update(ends_at=timezone.now())
    answer = Client().post(LOG_IN, {"username": "maya", "password": GIVEN})
    assert "Ask an administrator of people" in answer.content.decode()
    assert log_in(GIVEN).get(CHANGE).status_code == 302


def test_nobody_else_learns_that_it_is_too_old(maya):
    FirstPassword.objects.update(ends_at=timezone.now())

    answer = Client().post(LOG_IN, {"username": "maya", "password": "a wrong password"})
    assert "Ask an administrator of people" not in answer.content.decode()


def test_a_new_one_from_an_administrator_is_a_first_one_again(chief, maya):
    choose(log_in(GIVEN))
    User.objects.filter(pk=maya.pk).update(is_superuser=False)
    before = log_in(OWN)
    again = {"usable_password": "true", "password1": f"{GIVEN} again", "password2": f"{GIVEN} again"}
    chief.post(reverse("admin:auth_user_password_change", args=[maya.pk]), again)

    assert before.get(INDEX).headers["Location"].startswith(LOG_IN)
    assert log_in(f"{GIVEN} again").get(INDEX).headers["Location"] == CHANGE


def test_other_changes_of_a_person_leave_their_password_alone(chief, maya):
    choose(log_in(GIVEN))
    User.objects.filter(pk=maya.pk).update(is_superuser=False)
    page = reverse("admin:auth_user_change", args=[maya.pk])
    told = {"username": "maya", "is_active": "on", "is_staff": "on", "first_name": "Maya"}
    joined = {"date_joined_0": maya.date_joined.date(), "date_joined_1": maya.date_joined.time()}
    chief.post(page, told | joined)

    assert User.objects.get(pk=maya.pk).first_name == "Maya"
    assert not FirstPassword.objects.exists()


def test_the_password_comes_before_the_second_factor(maya, settings):
    settings.SECOND_FACTOR = "required"
    client = log_in(GIVEN)
    assert client.get(INDEX).headers["Location"] == CHANGE

    choose(client)
    assert client.get(INDEX).headers["Location"] == reverse("admin:second_factor")


def test_ones_own_password_is_changed_where_the_old_one_is_asked_for(chief):
    me = User.objects.get(username="chief")
    page = reverse("admin:auth_user_password_change", args=[me.pk])
    answer = chief.post(page, {"usable_password": "true", "password1": OWN, "password2": OWN})

    assert answer.headers["Location"] == CHANGE
    assert not User.objects.get(pk=me.pk).check_password(OWN)
