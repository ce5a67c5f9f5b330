"""In production nothing starts with settings that give the house away, and Django's own checks find nothing."""

import os
import subprocess
import sys
from secrets import token_urlsafe

import pytest

from tests.docs.documents import ROOT

PRODUCTION = {
    "PATH": os.environ["PATH"],
    "SENTINEL_SECRET_KEY": token_urlsafe(48),
    "SENTINEL_JWT_KEY": token_urlsafe(48),
    "SENTINEL_API_KEY_PEPPER": token_urlsafe(48),
    "SENTINEL_ENCRYPTION_KEYS": token_urlsafe(48),
    "SENTINEL_ALLOWED_HOSTS": "sentinel.bank.test",
    "SENTINEL_EMAIL_URL": "smtp+tls://user:password@mail.bank.test",
    "SENTINEL_PUBLIC_URL": "https://sentinel.bank.test",
    # Nothing here is asked for: no check goes to a server.
    "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/nowhere",
    "DATABASE_OWNER_URL": "postgresql://nobody:nothing@127.0.0.1:1/nowhere",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SENTINEL_PLAIN_LINES": "database,redis,broker",
}
WEB = [sys.executable, "-c", "import sentinel.asgi"]
PAGES = [sys.executable, "-c", "import sentinel.wsgi"]
WORKER = [sys.executable, "-m", "celery", "-A", "sentinel.celery", "worker", "--pool", "solo"]
COMMAND = [sys.executable, "manage.py", "list_models"]


def run(command: list[str], **changes: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command, cwd=ROOT, env=PRODUCTION | changes, capture_output=True, text=True, timeout=120, check=False
    )


def test_djangos_checks_for_a_deployment_find_nothing():
    checked = run([sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"])

    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout


def test_a_web_process_starts_with_such_settings():
    started = run(WEB)

    assert started.returncode == 0, started.stderr


UNSAFE = [
    ({"SENTINEL_DEBUG": "true"}, "SENTINEL_DEBUG"),
    ({"SENTINEL_ALLOWED_HOSTS": "*"}, "SENTINEL_ALLOWED_HOSTS"),
    ({"SENTINEL_SECRET_KEY": "too-short-for-a-secret"}, "SENTINEL_SECRET_KEY"),
    ({"SENTINEL_SECRET_KEY": ""}, "SECRET_KEY"),
    ({"SENTINEL_SECRET_KEY": "change-me-" * 6}, "SENTINEL_SECRET_KEY"),
    ({"SENTINEL_SECRET_KEY": "a" * 60}, "SENTINEL_SECRET_KEY"),
    ({"SENTINEL_JWT_KEY": "short"}, "SENTINEL_JWT_KEY"),
    ({"SENTINEL_API_KEY_PEPPER": "x" * 40}, "SENTINEL_API_KEY_PEPPER"),
    ({"SENTINEL_ENCRYPTION_KEYS": f"{token_urlsafe(48)},changeme"}, "SENTINEL_ENCRYPTION_KEYS"),
    ({"SENTINEL_PUBLIC_URL": "http://sentinel.bank.test"}, "SENTINEL_PUBLIC_URL"),
]


@pytest.mark.parametrize(("changes", "named"), UNSAFE, ids=[f"{name}-{n}" for n, (_, name) in enumerate(UNSAFE)])
def test_a_web_process_refuses_to_start_and_names_the_setting(changes, named):
    refused = run(WEB, **changes)

    assert refused.returncode != 0
    assert named in refused.stderr
    assert PRODUCTION["SENTINEL_SECRET_KEY"] not in refused.stderr


@pytest.mark.parametrize("command", [PAGES, WORKER, COMMAND], ids=["wsgi", "worker", "command"])
def test_no_other_process_starts_either(command):
    refused = run(command, SENTINEL_DEBUG="true")

    assert refused.returncode != 0
    assert "SENTINEL_DEBUG is on outside development." in refused.stderr


def test_cookies_and_transport_are_closed_in_production():
    names = (
        "SESSION_COOKIE_NAME SESSION_COOKIE_SECURE SESSION_COOKIE_HTTPONLY SESSION_COOKIE_SAMESITE CSRF_COOKIE_NAME"
    )
    names += " CSRF_COOKIE_SECURE CSRF_COOKIE_HTTPONLY SECURE_SSL_REDIRECT SECURE_HSTS_SECONDS X_FRAME_OPTIONS"
    code = f"from sentinel import settings; print([getattr(settings, each, None) for each in {names.split()}])"
    told = run([sys.executable, "-c", code]).stdout

    own = ["__Host-session", True, None, None, "__Host-csrf", True, True, True, 31_536_000, "DENY"]
    assert told.strip() == str(own)  # None: Django's default, HttpOnly and SameSite=Lax
