"""The record read from one end to the other, for workers: payments in the order of their ids, labels in time.

One snapshot of the database: whatever is recorded while a stream is read is not in it.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from ledger.domain.payments import PaymentRequest, TransactionType
from ledger.selectors.labels import label_known_at
from sentinel.core.ids import first_uuid7_at
from sentinel.core.values import value

_ROWS_AT_ONCE = 2000

_PAYMENTS = """
SELECT t.id, t.seq, t.livemode, t.recorded_at,
       t.account_id, t.amount_minor, t.currency, t.transaction_type, t.occurred_at, t.channel, t.merchant_id,
       t.merchant_name, t.merchant_category, t.merchant_country, t.counterparty_account_id, t.location_country,
       p.card_token, p.card_bin, p.card_last4, p.device_id, p.ip_address, p.user_agent, p.location_city,
       p.latitude, p.longitude, p.metadata
FROM ledger_transaction t
LEFT JOIN ledger_personaldetail p ON p.transaction_id = t.id AND p.account_id = t.account_id
WHERE t.id BETWEEN %(first)s AND %(last)s ORDER BY t.id
"""

# What says fraud, and what takes that back, of some labels.
_LABELS = f"""
SELECT l.transaction_id, t.livemode, {label_known_at("l")} AS known_at, l.recorded_at, l.is_fraud,
       t.account_id, t.merchant_id, p.card_token, p.device_id, p.ip_address, t.occurred_at, d.snapshot
FROM ledger_label l
JOIN ledger_transaction t ON t.id = l.transaction_id AND t.account_id = l.account_id
JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
LEFT JOIN ledger_personaldetail p ON p.transaction_id = t.id AND p.account_id = t.account_id
WHERE %s
  AND (l.is_fraud OR EXISTS (SELECT FROM ledger_label earlier
                             WHERE earlier.transaction_id = l.transaction_id AND earlier.is_fraud))
ORDER BY l.recorded_at, l.id
"""  # noqa: S608
_LABELS_SINCE = _LABELS % "l.recorded_at >= %(since)s"
_LABEL = _LABELS % "l.id = %(label_id)s"

_LAST_ID = UUID(int=2**128 - 1)


@value
class RecordedRequest:
    """A payment as it was recorded, with the request as far as the record still has it."""

    id: UUID
    seq: int
    livemode: bool
    recorded_at: datetime
    request: PaymentRequest


@value
class FraudLabel:
    """What somebody said of a payment, known from `known_at` on, and what the payment named and was described as."""

    transaction_id: UUID
    livemode: bool
    known_at: datetime
    recorded_at: datetime
    is_fraud: bool
    account_id: str
    merchant_id: str | None
    card_token: str | None
    device_id: str | None
    ip_address: str | None
    occurred_at: datetime
    snapshot: bytes


def payments_stream(*, since: datetime, last: UUID = _LAST_ID) -> Iterator[RecordedRequest]:
    """The payments whose ids were made at a moment or later, up to one of them."""
    for transaction_id, seq, livemode, recorded_at, *columns in _stream(
        _PAYMENTS, {"first": first_uuid7_at(int(since.timestamp() * 1000)), "last": last}
    ):
        yield RecordedRequest(transaction_id, seq, livemode, recorded_at, request_of(*columns))


def fraud_labels_stream(*, since: datetime) -> Iterator[FraudLabel]:
    """What was said from a moment on of payments that were ever called fraud, in recorded order."""
    return _fraud_labels(_LABELS_SINCE, {"since": since})


def fraud_label_find(label_id: UUID) -> FraudLabel | None:
    """What a label says of a payment that was ever called fraud; None for one that was not."""
    found = list(_fraud_labels(_LABEL, {"label_id": label_id}))
    return found[0] if found else None


def _fraud_labels(query: str, values: dict[str, Any]) -> Iterator[FraudLabel]:
    for *columns, snapshot in _stream(query, values):
        columns.append(bytes(snapshot))
        yield FraudLabel(*columns)


def _stream(query: str, values: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(query, values)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield from rows


def request_of(
    account_id: str,
    amount_minor: int,
    currency: str,
    transaction_type: str,
    occurred_at: datetime,
    channel: str | None,
    merchant_id: str | None,
    merchant_name: str | None,
    merchant_category: str | None,
    merchant_country: str | None,
    counterparty_account_id: str | None,
    location_country: str | None,
    card_token: str | None,
    card_bin: str | None,
    card_last4: str | None,
    device_id: str | None,
    ip_address: str | None,
    user_agent: str | None,
    location_city: str | None,
    latitude: float | None,
    longitude: float | None,
    metadata: Any,
) -> PaymentRequest:
    return PaymentRequest(
        account_id=account_id,
        amount_minor=amount_minor,
        currency=currency,
        transaction_type=TransactionType(transaction_type),
        occurred_at=occurred_at,
        channel=channel,
        merchant_id=merchant_id,
        merchant_name=merchant_name,
        merchant_category=merchant_category,
        merchant_country=merchant_country,
        counterparty_account_id=counterparty_account_id,
        card_token=card_token,
        card_bin=card_bin,
        card_last4=card_last4,
        device_id=device_id,
        ip_address=ip_address,
        user_agent=user_agent,
        location_country=location_country,
        location_city=location_city,
        latitude=latitude,
        longitude=longitude,
        metadata=orjson.loads(metadata) if isinstance(metadata, str) else metadata,
    )
