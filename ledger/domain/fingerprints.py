"""Fingerprints: what makes two requests the same request, and commitments to personal details."""

import hashlib
import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from ledger.domain.payments import PaymentRequest

_PAYMENT_FIELDS = tuple(field.name for field in fields(PaymentRequest))


def request_fingerprint(operation: str, content: dict[str, Any]) -> bytes:
    """SHA-256 over the operation and the normalised request: the order of fields does not matter."""
    return hashlib.sha256(canonical_json([operation, content])).digest()


def payment_content(request: PaymentRequest, *, occurred_at_given: bool) -> dict[str, Any]:
    """The normalised payment. A moment that we chose ourselves is not part of what the gateway asked for."""
    left_out = () if occurred_at_given else ("occurred_at",)
    values = ((name, getattr(request, name)) for name in _PAYMENT_FIELDS if name not in left_out)
    return {name: value for name, value in values if value is not None}


def detail_commitment(salt: bytes, details: dict[str, Any]) -> bytes:
    """Binds a transaction to its personal details without revealing them; worthless once the salt is deleted."""
    return hashlib.sha256(salt + canonical_json(details)).digest()


def canonical_json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain).encode()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
