"""A recorded payment as the evidence of a case needs it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Past:
    """`is_fraud` is the label that counts; None without one. What is personal is not masked here."""

    id: UUID
    occurred_at: datetime
    amount_minor: int
    currency: str
    transaction_type: str
    channel: str | None
    merchant_id: str | None
    merchant_name: str | None
    merchant_category: str | None
    location_country: str | None
    counterparty_account_id: str | None
    card_token: str | None
    device_id: str | None
    location_city: str | None
    latitude: float | None
    longitude: float | None
    outcome: str
    is_fraud: bool | None

    @property
    def with_whom(self) -> str:
        """The merchant, or whoever got the money."""
        return self.merchant_name or self.merchant_id or self.counterparty_account_id or ""

    @property
    def is_ordinary(self) -> bool:
        """Speaks for the customer's habits: it was not declined, and nobody called it fraud."""
        return self.outcome != "decline" and not self.is_fraud


@dataclass(frozen=True, slots=True)
class History:
    """The payments of an account around one of them, which is in neither part; both in the order of time."""

    before: list[Past]
    this: Past
    after: list[Past]
