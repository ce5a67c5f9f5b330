"""Fingerprints: what makes two requests the same request, and commitments to personal details."""

import dataclasses
import hashlib
import json
from datetime import datetime
from typing import Any

from ledger.domain.payments import PaymentRequest


def request_fingerprint(operation: str, content: dict[str, Any]) -> bytes:
    """SHA-256 over the operation and the normalised request: the order of fields does not matter."""
    return hashlib.sha256(canonical_json([operation, content])).digest()


def payment_content(request: PaymentRequest, *, occurred_at_given: bool) -> dict[str, Any]:
    """The normalised payment. A moment that we chose ourselves is not part of what the gateway asked for."""
    content = {name: value for name, value in dataclasses.asdict(request).items() if value is not None}
    if not occurred_at_given:
        del content["occurred_at"]
    return content


def detail_commitment(salt: bytes, details: dict[str, Any]) -> bytes:
    """Binds a transaction to its personal details without revealing them; worthless once the salt is deleted."""
    return hashlib.sha256(salt + canonical_json(details)).digest()


def canonical_json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain).encode()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
