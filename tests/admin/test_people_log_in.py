"""Failed log-ins: counted by name and address, locked, told, and unlocked."""

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from ledger.models import AuditEntry
from rules.models import Alarm

LOG_IN = reverse("admin:login")
ATTEMPTS = reverse("admin:axes_accessattempt_changelist")
PASSWORD = "a long password for tests"
LOCKED = "Too many log-ins have failed"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ravi(db) -> User:
    return User.objects.create_user("ravi", password=PASSWORD, is_staff=True)


def try_log_in(name: str = "ravi", password: str = "wrong", address: str = "203.0.113.9"):
    return Client(REMOTE_ADDR=address).post(LOG_IN, {"username": name, "password": password})


def fail(times: int, name: str = "ravi", address: str = "203.0.113.9") -> None:
    for _ in range(times):
        try_log_in(name, address=address)


def is_in(answer) -> bool:
    return answer.status_code == 302


def test_the_right_password_lets_in_and_forgets_the_failures(ravi):
    fail(4)

    assert is_in(try_log_in(password=PASSWORD))
    assert not AccessAttempt.objects.exists()


def test_the_fifth_failure_locks_even_for_the_right_password(ravi):
    fail(4)
    assert LOCKED in try_log_in().content.decode()

    answer = try_log_in(password=PASSWORD)
    assert LOCKED in answer.content.decode()
    assert "15 minutes" in answer.content.decode()


def test_others_at_the_address_and_the_person_elsewhere_may_still_come_in(ravi):
    User.objects.create_user("maya", password=PASSWORD, is_staff=True)
    fail(5)

    assert is_in(try_log_in("maya", PASSWORD))
    assert is_in(try_log_in(password=PASSWORD, address="198.51.100.1"))


def test_trying_on_does_not_lock_for_longer(ravi):
    fail(5)
    before = AccessAttempt.objects.values_list("attempt_time", "failures_since_start").get()
    fail(3)

    assert AccessAttempt.objects.values_list("attempt_time", "failures_since_start").get() == before


def test_an_emptied_cache_forgets_nothing(ravi):
    fail(5)
    cache.clear()

    assert LOCKED in try_log_in(password=PASSWORD).content.decode()


def test_one_name_from_many_addresses_is_locked_everywhere_and_told(ravi):
    for last in range(5):
        fail(4, address=f"203.0.113.{last}")

    assert LOCKED in try_log_in(password=PASSWORD, address="198.51.100.1").content.decode()
    assert Alarm.objects.filter(kind="system.log_in_guessed", subject="ravi").count() == 1


def test_one_address_that_tries_many_names_is_told_once_and_locked(ravi):
    for number in range(12):
        fail(4, name=f"name{number}")
    fail(4, name="another")

    assert Alarm.objects.filter(kind="system.log_ins_tried", subject="203.0.113.9").count() == 1
    assert LOCKED in try_log_in(password=PASSWORD).content.decode()


def test_neighbours_of_one_network_count_as_one(ravi):
    for last in range(5):
        fail(1, address=f"2001:db8::{last}")

    assert LOCKED in try_log_in(password=PASSWORD, address="2001:db8::ffff").content.decode()
    assert is_in(try_log_in(password=PASSWORD, address="2001:db8:0:1::1"))


def test_a_name_nobody_has_is_answered_alike(ravi):
    fail(5, name="nobody")

    assert LOCKED in try_log_in("nobody").content.decode()
    assert not Alarm.objects.exists()


def test_without_an_address_only_the_name_is_counted(ravi):
    User.objects.create_user("maya", password=PASSWORD, is_staff=True)
    for number in range(12):
        fail(5, name=f"name{number}", address="")

    assert is_in(try_log_in("maya", PASSWORD, address=""))


def test_passwords_are_not_kept(ravi):
    try_log_in(password="nearly right")

    assert "nearly right" not in str(AccessAttempt.objects.values().get())


def test_whoever_may_unlocks(ravi, sign_in):
    fail(5)
    chief = sign_in("chief", "axes.view_accessattempt", "axes.delete_accessattempt")
    assert "locked" in chief.get(ATTEMPTS).content.decode()

    attempt = AccessAttempt.objects.get()
    chief.post(ATTEMPTS, {"action": "unlock", "_selected_action": [attempt.pk]})

    assert is_in(try_log_in(password=PASSWORD))
    told = AuditEntry.objects.get(action="log_in.unlocked")
    assert (told.actor, told.subject) == ("chief", "log-in ravi")


def test_whoever_only_looks_unlocks_nothing(ravi, sign_in):
    fail(5)
    watcher = sign_in("watcher", "axes.view_accessattempt")
    watcher.post(ATTEMPTS, {"action": "unlock", "_selected_action": [AccessAttempt.objects.get().pk]})

    assert LOCKED in try_log_in(password=PASSWORD).content.decode()


def test_gateways_are_not_touched(ravi, gateway_client):
    """Their credentials have a limit of their own."""
    fail(50)

    assert Client(REMOTE_ADDR="203.0.113.9").get("/api/v1/transactions").status_code == 401
