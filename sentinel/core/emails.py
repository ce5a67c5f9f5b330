"""Where an e-mail address is found in a payment, and what rules read of it."""

from collections.abc import Mapping
from typing import Any


def email_domain(metadata: Mapping[str, Any] | None) -> str | None:
    """Of the address that the gateway may send as `email` in the metadata, in lower case; None without one."""
    _, at, domain = str((metadata or {}).get("email", "")).rpartition("@")
    return domain.strip().lower() or None if at else None
