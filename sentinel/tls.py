"""TLS on the lines to PostgreSQL, Redis and RabbitMQ: what each library has to be told, and which line lacks it."""

import ssl
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

LINES = ("database", "redis", "broker")
# What libpq takes from the end of an address, as in ?sslmode=verify-full.
DATABASE_WORDS = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey"})
# They would take back what rediss:// and amqps:// promise.
_WEAKENING = frozenset({"ssl_cert_reqs", "ssl_check_hostname"})


def database_options(words: Mapping[str, str], ca_file: str) -> dict[str, str]:
    """Libpq's options. Without a file of ours it asks the authorities that the machine trusts."""
    asks = words.get("sslmode") == "verify-full"
    return ({"sslrootcert": ca_file or "system"} if asks else {}) | dict(words)


def redis_address(url: str, ca_file: str) -> str:
    """The address with the authority that redis-py asks; one without TLS as it is."""
    parts = urlsplit(url)
    if parts.scheme != "rediss" or not ca_file:
        return url
    return parts._replace(query=urlencode({"ssl_ca_certs": ca_file} | dict(parse_qsl(parts.query)))).geturl()


def broker_options(url: str, ca_file: str) -> dict[str, Any] | bool:
    """Celery's `broker_use_ssl`. Unless told, it would believe any certificate, of whatever name."""
    match urlsplit(url).scheme:
        case "amqps":
            # None: the name in the address, which kombu puts here.
            return {"ca_certs": ca_file or None, "cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None}
        case "rediss":
            return {"ssl_ca_certs": ca_file or None, "ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
        case _:
            return False


def plain_lines(databases: Iterable[Mapping[str, Any]], redis_url: str, broker_url: str) -> set[str]:
    """Of LINES those on which somebody between could read along, or answer in the server's place."""
    is_safe = {
        "database": all(options.get("sslmode") == "verify-full" for options in databases),
        "redis": _is_checked(redis_url, "rediss"),
        "broker": all(_is_checked(url, "amqps", "rediss") for url in broker_url.split(";")),
    }
    return {line for line in LINES if not is_safe[line]}


def _is_checked(url: str, *schemes: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in schemes and not _WEAKENING & dict(parse_qsl(parts.query)).keys()
