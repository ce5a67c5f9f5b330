"""Typed readers of environment variables. A value that cannot be read stops the start and names the variable."""

import os
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_MAIL_BACKEND = "django.core.mail.backends.{}.EmailBackend"
# Scheme -> the port unless one is told, and whether TLS is asked for on the way or from the first byte.
_MAIL_SERVERS = {"smtp": (25, False, False), "smtp+tls": (587, True, False), "smtps": (465, False, True)}


def env_str(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def env_bool(name: str, default: bool) -> bool:
    text = os.environ.get(name, "")
    if text == "":
        return default
    if text not in {"true", "false"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {text!r}.")
    return text == "true"


def env_int(name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
    text = os.environ.get(name, "")
    if text == "":
        return default
    if not text.isascii() or not text.isdigit() or int(text) < minimum:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {minimum}, not {text!r}.")
    if maximum is not None and int(text) > maximum:
        raise ImproperlyConfigured(f"{name} must be a whole number of at most {maximum}, not {text!r}.")
    return int(text)


def env_choice(name: str, default: str, *choices: str) -> str:
    text = os.environ.get(name, "") or default
    if text not in choices:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(choices)}, not {text!r}.")
    return text


def env_list(name: str, default: list[str]) -> list[str]:
    text = os.environ.get(name, "")
    return [item.strip() for item in text.split(",") if item.strip()] if text else default


def env_ints(name: str, default: list[int]) -> list[int]:
    """Whole numbers separated by commas, at least one."""
    texts = env_list(name, [])
    if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts):
        raise ImproperlyConfigured(f"{name} must be whole numbers separated by commas, not {os.environ[name]!r}.")
    return [int(text) for text in texts] or default


def env_secret(name: str, default: str = "") -> str:
    """A secret from NAME, or from the file that NAME_FILE points to."""
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from None


def env_database(name: str) -> dict[str, Any]:
    """Django's connection settings from postgresql://user:password@host:port/database."""
    url = env_secret(name)
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or len(parts.path) < 2:
        raise ImproperlyConfigured(
            f"{name} must look like postgresql://user:password@host:5432/database. "
            "`python3 manage.py up` starts a database of its own and sets it."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


def env_email(name: str, default: str) -> dict[str, Any]:
    """Django's e-mail settings from smtp+tls://user:password@host:587. `console:` writes mails to the log.

    Empty: there is no server, which only development may do without.
    """
    url = env_secret(name, default)
    if url in {"", "console:"}:
        return {"EMAIL_BACKEND": _MAIL_BACKEND.format("console" if url else "dummy")}
    parts, port = _split(url)
    if parts.scheme not in _MAIL_SERVERS or not parts.hostname or port == 0 or parts.path not in {"", "/"}:
        raise ImproperlyConfigured(
            f"{name} must look like smtp+tls://user:password@host:587; smtps:// speaks TLS from the first byte, "
            "smtp:// not at all. `console:` writes mails to the log."
        )
    usual_port, uses_starttls, uses_tls = _MAIL_SERVERS[parts.scheme]
    if bool(parts.username) != bool(parts.password):
        raise ImproperlyConfigured(f"{name} must have both a user and a password, or neither.")
    return {
        "EMAIL_BACKEND": _MAIL_BACKEND.format("smtp"),
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or usual_port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": uses_starttls,
        "EMAIL_USE_SSL": uses_tls,
    }


def env_address(name: str, default: str) -> str:
    """A mail address, with or without a name before it."""
    text = env_str(name, default)
    _, address = parseaddr(text)
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or not text.isprintable():
        raise ImproperlyConfigured(f"{name} must hold an address such as SentinelStream <alerts@bank.example>.")
    return text


def env_base_url(name: str, default: str) -> str:
    """The beginning of addresses, without a slash at its end."""
    text = env_str(name, default)
    parts, port = _split(text)
    is_plain = parts.hostname and port != 0 and not (parts.username or parts.query or parts.fragment)
    if parts.scheme not in {"http", "https"} or not is_plain:
        raise ImproperlyConfigured(f"{name} must be an address such as https://sentinel.bank.example.")
    return text.rstrip("/")


def _split(url: str) -> tuple[SplitResult, int | None]:
    """The parts of an address and its port; 0 for one that cannot be read."""
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        return urlsplit(""), 0
