"""What a payment is before it is decided: the gateway's request and the account it names. Pure values."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from sentinel.core.clients import ClientIdentity
from sentinel.core.values import value


class TransactionType(StrEnum):
    PURCHASE = "purchase"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    TOP_UP = "top_up"

    @property
    def takes_money_out(self) -> bool:
        return self is not TransactionType.TOP_UP


class AccountStatus(StrEnum):
    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


@value
class PaymentRequest:
    """One payment as the gateway sent it, validated. Amounts in minor units, times with a zone, None where absent."""

    account_id: str
    amount_minor: int
    currency: str
    transaction_type: TransactionType
    occurred_at: datetime
    reference: str | None = None
    channel: str | None = None
    merchant_id: str | None = None
    merchant_name: str | None = None
    merchant_category: str | None = None
    merchant_country: str | None = None
    counterparty_account_id: str | None = None
    card_token: str | None = None
    card_bin: str | None = None
    card_last4: str | None = None
    device_id: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    location_country: str | None = None
    location_city: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    metadata: dict[str, str] | None = None


@value
class AccountProfile:
    """What deciding needs to know of an account beside its money, which is read under the lock.

    `version` grows with every edit; the lock statement returns the current one, so a stale copy is noticed.
    """

    account_id: str
    currency: str
    home_country: str | None  # of an account the bank does not know
    home_zone: str
    status: AccountStatus
    risk: str
    opened_at: datetime
    livemode: bool
    version: int
    granted_to: frozenset[UUID]

    def is_granted_to(self, client: ClientIdentity) -> bool:
        """Whether the client may use the account; live and test never meet."""
        return self.livemode == client.livemode and (client.all_accounts or client.client_id in self.granted_to)

    def local_time(self, moment: datetime) -> datetime:
        return moment.astimezone(_zone(self.home_zone))

    def local_day(self, moment: datetime) -> date:
        return self.local_time(moment).date()

    def day_bounds(self, day: date) -> tuple[datetime, datetime]:
        """The moments at which a day begins and ends in the home zone; 23 or 25 hours apart when clocks change."""
        zone = _zone(self.home_zone)
        start = datetime.combine(day, time.min, tzinfo=zone)
        return start, datetime.combine(day + timedelta(days=1), time.min, tzinfo=zone)


@cache
def _zone(name: str) -> ZoneInfo:
    """ZoneInfo itself keeps only the last eight zones, and reads the others from disk again."""
    return ZoneInfo(name)
