"""Where mails go is checked at the start, and what cannot be read names its variable."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from sentinel.checks import mails_reach_people
from sentinel.env import env_address, env_base_url, env_email

SMTP = "django.core.mail.backends.smtp.EmailBackend"


def read(url: str, monkeypatch) -> dict:
    monkeypatch.setenv("SENTINEL_EMAIL_URL", url)
    return env_email("SENTINEL_EMAIL_URL", "")


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", ("mail.example", 25, "", "", False, False)),
        ("smtp+tls://ana:p%40ss@mail.example", ("mail.example", 587, "ana", "p@ss", True, False)),
        ("smtps://ana:x@mail.example/", ("mail.example", 465, "ana", "x", False, True)),
        ("smtp+tls://[::1]:2525", ("::1", 2525, "", "", True, False)),
    ],
)
def test_a_server_is_read_from_its_address(url, server, monkeypatch):
    backend, *found = read(url, monkeypatch).values()

    assert (backend, tuple(found)) == (SMTP, server)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:99999",
        "smtp://mail.example:0",
        "console",
    ],
)
def test_an_address_of_no_server_is_refused(url, monkeypatch):
    with pytest.raises(ImproperlyConfigured, match="SENTINEL_EMAIL_URL must look like"):
        read(url, monkeypatch)


@pytest.mark.parametrize("url", ["smtp://ana@mail.example", "smtp://:secret@mail.example"])
def test_half_a_log_in_is_refused_and_not_shown(url, monkeypatch):
    with pytest.raises(ImproperlyConfigured, match="both a user and a password") as refused:
        read(url, monkeypatch)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["", "Sentinel", "@bank.example", "sentinel@", "a@b.example\nBcc: c@d.example"])
def test_a_sender_without_an_address_is_refused(text, monkeypatch):
    monkeypatch.setenv("SENTINEL_EMAIL_FROM", text)

    with pytest.raises(ImproperlyConfigured, match="SENTINEL_EMAIL_FROM must hold an address"):
        env_address("SENTINEL_EMAIL_FROM", "")


def test_links_begin_with_an_address_without_its_last_slash(monkeypatch):
    monkeypatch.setenv("SENTINEL_PUBLIC_URL", "https://sentinel.bank.example/fraud/")

    assert env_base_url("SENTINEL_PUBLIC_URL", "") == "https://sentinel.bank.example/fraud"


@pytest.mark.parametrize(
    "url", ["sentinel.example", "ftp://a.example", "https://", "https://a:b@c.example", "https://a.example/?q=1"]
)
def test_what_links_cannot_begin_with_is_refused(url, monkeypatch):
    monkeypatch.setenv("SENTINEL_PUBLIC_URL", url)

    with pytest.raises(ImproperlyConfigured, match="SENTINEL_PUBLIC_URL must be an address"):
        env_base_url("SENTINEL_PUBLIC_URL", "")


def test_a_bank_names_its_mail_server_and_its_address(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    settings.DEVELOPMENT = False
    assert [each.id for each in mails_reach_people()] == ["sentinel.E004", "sentinel.E005"]

    settings.EMAIL_BACKEND, settings.PUBLIC_URL = SMTP, "https://sentinel.bank.example"
    assert mails_reach_people() == []


def test_development_needs_neither(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

    assert mails_reach_people() == []
