"""What an endpoint's URL may look like. Where its name leads is checked at each delivery; see `address_policy`."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

import idna

from webhooks.domain.address_policy import address_refusal

LENGTH_MAX = 500
# Beside 443: what servers of HTTPS commonly listen on, and nothing that other services own.
PORTS = frozenset({443, 8443, 9443})
# http://localhost and its like, for a demo or a test.
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_PRINTABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
# 2130706433, 0x7f.1, 017700000001: what some resolvers read as an IPv4 address.
_NUMERIC = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.ASCII | re.IGNORECASE)
_INTERNAL_SUFFIXES = ("localhost", "local", "internal", "intranet", "lan", "home.arpa", "corp", "localdomain")


def url_refusal(url: str, *, is_development: bool = False) -> str | None:
    """What is wrong with the URL, in words for the person who typed it; None when it can be used."""
    if len(url) > LENGTH_MAX:
        return f"A URL has at most {LENGTH_MAX} characters."
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        return "Write the URL without spaces, and other letters than a to z in their encoded form (xn--…, %…)."
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "This URL cannot be read: check host and port."
    if not _is_plain(parts.netloc.lower(), host, port):
        return "Write the host as a name, or an address in its usual form."
    if parts.username is not None or parts.password is not None:
        return "Leave name and password out: the signature shows who sends. Use a header for a token."
    if parts.fragment or url.endswith("#"):
        return "Leave out what follows #: it is not sent."
    if is_development and host in LOOPBACK_HOSTS and parts.scheme in {"http", "https"}:
        return None
    if parts.scheme != "https":
        return "Begin the URL with https://."
    if port is not None and port not in PORTS:
        return f"Use one of the ports {', '.join(str(each) for each in sorted(PORTS))}."
    return _host_refusal(host)


def _is_plain(netloc: str, host: str, port: int | None) -> bool:
    """Whether it says this host and port and no more: no zone, nothing behind a bracket, no dot behind numbers."""
    written = f"[{host}]" if ":" in host else host
    ends = ("", "." if not _NUMERIC.fullmatch(host.rpartition(".")[2]) else "")
    places = {f"{written}{end}{colon}" for end in ends for colon in ("", ":", f":{port}")}
    asked = netloc.rpartition("@")[2]  # what stands before it is refused with words of its own
    return "%" not in host and asked in places


def _host_refusal(host: str) -> str | None:
    if not host:
        return "The URL names no host."
    try:
        address = ip_address(host)
    except ValueError:
        return _name_refusal(host)
    words = address_refusal(address)
    return f"{host} is not a public address ({words})." if words else None


def _name_refusal(host: str) -> str | None:
    labels = host.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return "Write the host as a name, or an address in its usual form."
    if len(labels) < 2 or host.endswith(tuple(f".{suffix}" for suffix in _INTERNAL_SUFFIXES)):
        return f"{host} is a name of an internal network. Deliveries go to public hosts only."
    try:
        idna.encode(host, uts46=False, std3_rules=True)
    except idna.IDNAError:
        return f"{host} is not a name of a host."
    return None
