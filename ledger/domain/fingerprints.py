"""Fingerprints: what makes two requests the same request, and commitments to personal details."""

import hashlib
import json
import re
from dataclasses import fields
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson

from ledger.domain.payments import PaymentRequest

_ORJSON_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
# json escapes DEL, and writes 0.00001 as 1e-05 and 1e-7 as 1e-07.
_WRITTEN_OTHERWISE = (b"\x7f", b"0.0000")
_SHORT_EXPONENT = re.compile(rb"e-[0-9](?:[,}\]]|$)")

_PAYMENT_FIELDS = tuple(field.name for field in fields(PaymentRequest))
_payment_values = attrgetter(*_PAYMENT_FIELDS)


def request_fingerprint(operation: str, content: dict[str, Any]) -> bytes:
    """SHA-256 over the operation and the normalised request: the order of fields does not matter."""
    return hashlib.sha256(canonical_json([operation, content])).digest()


def payment_content(request: PaymentRequest, *, occurred_at_given: bool) -> dict[str, Any]:
    """The normalised payment. A moment that we chose ourselves is not part of what the gateway asked for."""
    values = zip(_PAYMENT_FIELDS, _payment_values(request), strict=True)
    content = {name: value for name, value in values if value is not None}
    if not occurred_at_given:
        del content["occurred_at"]
    return content


def detail_commitment(salt: bytes, details: dict[str, Any]) -> bytes:
    """Binds a transaction to its personal details without revealing them; worthless once the salt is deleted."""
    return hashlib.sha256(salt + canonical_json(details)).digest()


def canonical_json(value: Any) -> bytes:
    """The same bytes for equal values, for ever: stored fingerprints and commitments are made of them.

    They are the json module's. orjson is four times as quick, and its bytes are taken where they are the same.
    """
    try:
        written = orjson.dumps(value, default=_plain, option=_ORJSON_OPTIONS)
    except TypeError:  # what only the json module can write, such as larger integers
        return _by_json(value)
    return written if _is_alike(written) else _by_json(value)


def _is_alike(written: bytes) -> bool:
    """Whether json writes these very bytes. When in doubt it does not: then json is asked."""
    return (
        written.isascii()
        and not any(each in written for each in _WRITTEN_OTHERWISE)
        and not _SHORT_EXPONENT.search(written)
    )


def _by_json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain).encode()


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
