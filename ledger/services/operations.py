"""Idempotency of everything beside payments: a reversal, a void or a label happens once per key."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from ledger.domain.fingerprints import request_fingerprint
from ledger.errors import KeyInProgress, KeyReused
from ledger.models import IdempotencyKey, OperationReceipt
from sentinel.core.clients import ClientIdentity
from sentinel.core.ids import uuid7


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered, as it was stored. `replayed` when an earlier request with the same key did the work."""

    status_code: int
    body: bytes
    replayed: bool = False


Work = Callable[[UUID], tuple[int, dict[str, Any]]]

_CLAIM = """
INSERT INTO ledger_idempotencykey (client_id, key, operation, fingerprint, subject_id, created_at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""


def operation_once(
    *, client: ClientIdentity, key: str, operation: str, content: dict[str, Any], now: datetime, work: Work
) -> Reply:
    """Do the work under the key, or answer what it answered before. `work` gets the id of what it makes.

    Work that raises leaves the key free. Errors: KeyReused, KeyInProgress, and those of the work.
    """
    fingerprint = request_fingerprint(operation, content)
    try:
        with transaction.atomic():
            subject_id = uuid7()
            if not _claim(client, key, operation, fingerprint, subject_id, now):
                return _stored(client, key, fingerprint)
            status_code, answer = work(subject_id)
            body = orjson.dumps(answer)
            OperationReceipt.objects.create(id=subject_id, status_code=status_code, body=body, recorded_at=now)
            return Reply(status_code, body)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise KeyInProgress(retry_after_seconds=1) from error
        raise


def _claim(
    client: ClientIdentity, key: str, operation: str, fingerprint: bytes, subject_id: UUID, now: datetime
) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '4s'")
        cursor.execute(_CLAIM, [client.client_id, key, operation, fingerprint, subject_id, now])
        return bool(cursor.rowcount)


def _stored(client: ClientIdentity, key: str, fingerprint: bytes) -> Reply:
    used = IdempotencyKey.objects.get(client_id=client.client_id, key=key)
    receipt = OperationReceipt.objects.filter(pk=used.subject_id).first() if used.subject_id else None
    if receipt is None or used.fingerprint is None or bytes(used.fingerprint) != fingerprint:
        raise KeyReused("Send the first request again unchanged, or use a new key for a new request.")
    return Reply(receipt.status_code, bytes(receipt.body), replayed=True)
