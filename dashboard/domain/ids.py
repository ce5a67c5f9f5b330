"""Ids of transactions carry the moment they were made. Pure."""

from datetime import UTC, datetime
from uuid import UUID

from sentinel.core.ids import first_uuid7_at


def first_id(moment: datetime) -> UUID:
    return first_uuid7_at(int(moment.timestamp() * 1000))


def moment_of(transaction_id: UUID) -> datetime:
    return datetime.fromtimestamp((transaction_id.int >> 80) / 1000, UTC)
