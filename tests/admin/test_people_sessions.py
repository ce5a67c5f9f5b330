"""Sessions of people: listed, ended, and gone with what they rest on."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dashboard.models import PersonSession
from dashboard.services.sessions import browser_words, sessions_prune
from ledger.models import AuditEntry

INDEX, LOG_IN, OWN = reverse("admin:index"), reverse("admin:login"), reverse("admin:own_sessions")
ALL = reverse("admin:dashboard_personsession_changelist")
PASSWORD = "a long password for tests"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ravi(db) -> User:
    return User.objects.create_user("ravi", password=PASSWORD, is_staff=True)


def log_in(name: str = "ravi", address: str = "203.0.113.9") -> Client:
    client = Client(REMOTE_ADDR=address, headers={"user-agent": FIREFOX})
    assert client.post(LOG_IN, {"username": name, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get(INDEX).status_code == 200


def test_a_person_sees_their_own_sessions_and_no_others(ravi):
    User.objects.create_user("maya", password=PASSWORD, is_staff=True)
    log_in("maya", "198.51.100.7")
    page = log_in().get(OWN).content.decode()

    assert "203.0.113.9" in page
    assert "Firefox on Linux" in page
    assert "198.51.100.7" not in page


def test_one_is_ended(ravi):
    mine, other, third = log_in(), log_in(), log_in()
    session = PersonSession.objects.get(session_key=other.session.session_key)
    mine.post(OWN, {"end": session.pk})

    assert [is_in(mine), is_in(other), is_in(third)] == [True, False, True]
    assert AuditEntry.objects.filter(action="session.ended", subject="person ravi", actor="ravi").count() == 1


def test_all_others_are_ended(ravi):
    mine, other, third = log_in(), log_in(), log_in()
    mine.post(OWN, {"end": "others"})

    assert [is_in(mine), is_in(other), is_in(third)] == [True, False, False]


@pytest.mark.parametrize("end", ["", "x", "999999999"])
def test_what_is_no_session_ends_nothing(ravi, end):
    mine, other = log_in(), log_in()
    mine.post(OWN, {"end": end})

    assert is_in(other)


def test_the_session_of_somebody_else_is_out_of_reach(ravi):
    User.objects.create_user("maya", password=PASSWORD, is_staff=True)
    maya = log_in("maya")
    log_in().post(OWN, {"end": PersonSession.objects.get(user__username="maya").pk})

    assert is_in(maya)


def test_an_administrator_ends_another_persons(ravi, sign_in):
    client = log_in()
    chosen = {"action": "end", "_selected_action": [PersonSession.objects.get().pk]}
    sign_in("watcher", "dashboard.view_personsession").post(ALL, chosen)
    assert is_in(client)

    sign_in("chief", "dashboard.view_personsession", "dashboard.delete_personsession").post(ALL, chosen)
    assert not is_in(client)


def test_a_changed_password_keeps_this_session_and_ends_the_others(ravi):
    mine, other = log_in(), log_in()
    new = "another long password"
    mine.post(
        reverse("admin:password_change"), {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    )

    assert [is_in(mine), is_in(other)] == [True, False]
    assert [each.session_key for each in PersonSession.objects.all()] == [mine.session.session_key]


def test_whoever_is_deactivated_is_logged_out_for_good(ravi, admin_client):
    client = log_in()
    joined = {"date_joined_0": ravi.date_joined.date(), "date_joined_1": ravi.date_joined.time()}
    admin_client.post(reverse("admin:auth_user_change", args=[ravi.pk]), {"username": "ravi", **joined})
    assert not User.objects.get(pk=ravi.pk).is_active

    User.objects.update(is_active=True, is_staff=True)
    assert not is_in(client)


def test_what_has_expired_is_pruned(ravi):
    lasting, expired = log_in(), log_in()
    Session.objects.filter(pk=expired.session.session_key).update(expire_date=timezone.now() - timedelta(1))
    sessions_prune(now=timezone.now())

    assert [each.session_key for each in PersonSession.objects.all()] == [lasting.session.session_key]
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("curl/8", "another browser"),
    ],
)
def test_browsers_are_named_in_words(user_agent, words):
    assert browser_words(user_agent) == words
