"""Passwords, sessions and what stays behind of them."""

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

PASSWORD = "correct horse battery staple"
INDEX, LOG_IN, LOG_OUT, CHANGE = (
    reverse(f"admin:{name}") for name in ("index", "login", "logout", "password_change")
)


@pytest.fixture
def ravi(db) -> User:
    return User.objects.create_user("ravi", password=PASSWORD, is_staff=True)


@pytest.fixture
def client(ravi) -> Client:
    client = Client()
    client.post(LOG_IN, {"username": "ravi", "password": PASSWORD})
    return client


def is_in(client: Client) -> bool:
    return client.get(INDEX).status_code == 200


@pytest.mark.parametrize("password", ["short", "elevenchars", "password1234", "1234567890123", "ravi.kumar.1"])
def test_a_password_that_is_short_common_or_the_persons_name_is_refused(password):
    with pytest.raises(ValidationError):
        validate_password(password, User(username="ravi.kumar.1"))


UNUSUAL = ["onlysmallletterz", "73910284650173", "  spaces and é  ", "長い秘密の言葉を使います", "x7" * 50]


@pytest.mark.parametrize("password", UNUSUAL)
def test_any_composition_will_do_however_long(password):
    validate_password(password)


def test_a_password_is_compared_as_it_was_typed(ravi):
    ravi.set_password("  Spaces And Case  ")
    ravi.save()
    for typed, lets_in in (("Spaces And Case", False), ("  spaces and case  ", False), ("  Spaces And Case  ", True)):
        client = Client()
        client.post(LOG_IN, {"username": "ravi", "password": typed})
        assert is_in(client) is lets_in


def test_a_change_takes_the_old_password(client, ravi):
    new = {"new_password1": "another horse battery", "new_password2": "another horse battery"}

    client.post(CHANGE, {"old_password": "guess", **new})
    ravi.refresh_from_db()
    assert ravi.check_password(PASSWORD)

    client.post(CHANGE, {"old_password": PASSWORD, **new})
    ravi.refresh_from_db()
    assert ravi.check_password("another horse battery")


def test_passwords_are_hidden_and_may_be_pasted(client):
    for url in (LOG_IN, CHANGE):
        page = (Client() if url == LOG_IN else client).get(url).content.decode()
        assert 'type="password"' in page
        assert "onpaste" not in page
        assert 'autocomplete="off"' not in page


def test_a_log_in_takes_a_new_session_and_a_log_out_ends_it(ravi):
    client = Client()
    client.get(LOG_IN)
    client.cookies["sessionid"] = "a" * 32  # somebody else's choice

    client.post(LOG_IN, {"username": "ravi", "password": PASSWORD})
    key = client.cookies["sessionid"].value
    assert key != "a" * 32
    assert len(key) == 32
    assert is_in(client)

    answer = client.post(LOG_OUT)
    client.cookies["sessionid"] = key
    assert not is_in(client)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_no_page_for_people_is_kept_by_a_browser(client):
    for url in (INDEX, CHANGE, reverse("admin:own_sessions")):
        assert "no-store" in client.get(url).headers["Cache-Control"]


def test_nobody_is_there_from_the_beginning(db):
    """Demo log-ins are made by `up` on a machine of one's own, never by a migration."""
    assert not User.objects.exists()
