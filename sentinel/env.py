"""Typed readers of environment variables. A value that cannot be read stops the start and names the variable."""

import logging
import os
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from sentinel import tls

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


def env_file(name: str) -> str:
    """The path of a file that is there and can be read, or nothing."""
    path = os.environ.get(name, "")
    if path and not os.access(path, os.R_OK):
        raise ImproperlyConfigured(f"{name} names {path}, which is not there or cannot be read.")
    return path


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


def env_choices(name: str, *choices: str) -> frozenset[str]:
    """Some of the choices, separated by commas, or none."""
    found = frozenset(env_list(name, []))
    if unknown := sorted(found - set(choices)):
        raise ImproperlyConfigured(f"{name} may name {', '.join(choices)}, not {unknown[0]!r}.")
    return found


def env_list(name: str, default: list[str]) -> list[str]:
    text = os.environ.get(name, "")
    return [item.strip() for item in text.split(",") if item.strip()] if text else default


def env_nodes(name: str) -> list[tuple[str, int]]:
    """Servers as host:port, separated by commas."""
    nodes = [text.rpartition(":") for text in env_list(name, [])]
    if not all(host and port.isascii() and port.isdigit() and len(port) < 6 for host, _, port in nodes):
        raise ImproperlyConfigured(f"{name} must be host:port, several separated by commas.")
    return [(host.strip("[]"), int(port)) for host, _, port in nodes]


def env_origins(name: str) -> list[str]:
    """Origins as browsers send them: https://console.bank.example, with its port if that is not the usual one."""
    found = env_list(name, [])
    for text in found:
        parts, port = _split(text)
        usual_port = {"https": 443, "http": 80}.get(parts.scheme)
        is_bare = f"{parts.scheme}://{parts.netloc}" == text.lower() == text
        is_host = parts.hostname and not parts.username and "*" not in text
        if usual_port is None or not is_bare or not is_host or port in {0, usual_port}:
            raise ImproperlyConfigured(
                f"{name} must be origins such as https://console.bank.example, separated by commas, not {text!r}: "
                "small letters, no path, and no usual port. There is no sign for every origin."
            )
    return found


def env_ints(name: str, default: list[int]) -> list[int]:
    """Whole numbers separated by commas, at least one."""
    texts = env_list(name, [])
    if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts):
        raise ImproperlyConfigured(f"{name} must be whole numbers separated by commas, not {os.environ[name]!r}.")
    return [int(text) for text in texts] or default


def env_levels(name: str) -> dict[str, str]:
    """Levels of loggers, such as ledger=DEBUG,httpx=ERROR."""
    levels = _pairs(name)
    known = logging.getLevelNamesMapping()
    if wrong := [level for level in levels.values() if level not in known]:
        raise ImproperlyConfigured(f"{name}: {wrong[0]!r} is no level. Known are {', '.join(known)}.")
    return levels


def env_limits(name: str) -> dict[str, float]:
    """Limits of figures, such as cpu_percent=80,queue_depth=500."""
    try:
        return {figure: float(limit) for figure, limit in _pairs(name).items()}
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be names with numbers, such as cpu_percent=80: {error}.") from None


def env_networks(name: str, default: list[str]) -> list[IPv4Network | IPv6Network]:
    """Networks of addresses, such as 10.1.0.0/16,::1/128."""
    try:
        return [ip_network(text) for text in env_list(name, default)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be networks such as 10.1.0.0/16: {error}.") from None


def _pairs(name: str) -> dict[str, str]:
    pairs = [text.partition("=") for text in env_list(name, [])]
    if not all(key and mark and value for key, mark, value in pairs):
        raise ImproperlyConfigured(f"{name} must be name=value, several separated by commas.")
    return {key: value for key, _, value in pairs}


def env_secret(name: str, default: str = "") -> str:
    """A secret from NAME, or from the file that NAME_FILE points to."""
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return os.environ.get(name, default)
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from None


def env_secrets(name: str) -> list[str]:
    """Secrets separated by commas, as `env_secret` reads them; none when there are none."""
    return [each.strip() for each in env_secret(name).split(",") if each.strip()]


def env_database(name: str, ca_file: str = "") -> dict[str, Any]:
    """Django's connection settings from postgresql://user:password@host:port/database?sslmode=verify-full."""
    url = env_secret(name)
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or len(parts.path) < 2:
        raise ImproperlyConfigured(
            f"{name} must look like postgresql://user:password@host:5432/database. "
            "`python3 manage.py up` starts a database of its own and sets it."
        )
    words = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(words.keys() - tls.DATABASE_WORDS):
        raise ImproperlyConfigured(
            f"{name} ends with {unknown[0]}; known are {', '.join(sorted(tls.DATABASE_WORDS))}."
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": tls.database_options(words, ca_file),
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
