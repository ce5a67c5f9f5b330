"""Whom an erasure is about, and what it took away."""

from dataclasses import dataclass
from uuid import UUID

# The columns of personal details by which payments are found again elsewhere.
NAMING = ("card_token", "card_last4", "device_id", "ip_address")


@dataclass(frozen=True, slots=True)
class Person:
    """Known by an account, whose payments are all theirs, or by the token of a card. One of the two is set."""

    account_id: str = ""
    card_token: str = ""

    def __str__(self) -> str:
        """Tells no token: the audit keeps it for good."""
        return self.account_id or f"card …{self.card_token[-4:]}"


@dataclass(frozen=True, slots=True)
class Detail:
    """What tells of one payment, and must not be found by it any more."""

    transaction_id: UUID
    named: dict[str, str]
