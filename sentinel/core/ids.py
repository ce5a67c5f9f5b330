"""Identifiers: UUIDv7 inside, a prefixed name outside ("txn_" + 32 hex digits)."""

import os
import re
import time
from uuid import UUID

_PUBLIC_ID = re.compile(r"([a-z]{2,5})_([0-9a-f]{32})", re.ASCII)
_LOW_62_BITS = (1 << 62) - 1


def uuid7(now_ns: int | None = None) -> UUID:
    """A new time-ordered UUID. Source: RFC 9562 §5.7, with method 3 (sub-millisecond time) for rand_a."""
    now_ns = time.time_ns() if now_ns is None else now_ns
    milliseconds, rest_ns = divmod(now_ns, 1_000_000)
    fraction = rest_ns * 4096 // 1_000_000
    random_bits = int.from_bytes(os.urandom(8)) & _LOW_62_BITS
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random_bits)


def first_uuid7_at(unix_ms: int) -> UUID:
    """The lowest value a UUIDv7 of that millisecond sorts after: a bound for range partitions."""
    return UUID(int=unix_ms << 80)


def public_id(prefix: str, value: UUID) -> str:
    return f"{prefix}_{value.hex}"


def parse_public_id(prefix: str, text: str) -> UUID | None:
    """The UUID behind "txn_…", or None when the text is not such a name."""
    match = _PUBLIC_ID.fullmatch(text)
    return UUID(match[2]) if match and match[1] == prefix else None


def uuid_in(prefix: str, text: str) -> UUID | None:
    """What somebody pasted: the UUID behind "txn_…", or a bare one."""
    if (named := parse_public_id(prefix, text)) is not None:
        return named
    try:
        return UUID(text)
    except ValueError:
        return None
