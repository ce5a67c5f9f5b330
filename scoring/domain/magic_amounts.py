"""Amounts that a test client sends to see each outcome, whatever rules and model say. Live payments know none."""

from collections.abc import Mapping

from ledger.domain.decisions import Reason
from sentinel.core.money import format_money
from sentinel.core.outcomes import Outcome

# In minor units of any currency: 100.01 INR, or 10001 JPY.
MAGIC_AMOUNTS: Mapping[int, Outcome] = {10_001: Outcome.APPROVE, 10_002: Outcome.REVIEW, 10_003: Outcome.DECLINE}
_WHAT_BECOMES = {
    Outcome.APPROVE: "is always approved",
    Outcome.REVIEW: "always goes to review",
    Outcome.DECLINE: "is always declined",
}


def magic_outcome(amount_minor: int, *, livemode: bool) -> Outcome | None:
    return None if livemode else MAGIC_AMOUNTS.get(amount_minor)


def magic_reason(outcome: Outcome, amount_minor: int, currency: str) -> Reason:
    words = f"In test mode a payment of {format_money(amount_minor, currency)} {_WHAT_BECOMES[outcome]}"
    return Reason("test.magic_amount", words, "system")
