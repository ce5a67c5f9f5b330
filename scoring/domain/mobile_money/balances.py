"""What is said of a mobile-money payment when no model answers: three rules of balance arithmetic.

They are few and strict on purpose: without a model, only what hardly happens by chance is stopped for a person.
"""

from collections.abc import Callable

from ledger.domain.decisions import Reason
from scoring.domain.mobile_money.payments import MobilePayment, MobileType
from sentinel.core.outcomes import Outcome

ROUNDING_MINOR = 1_00  # large balances come rounded
_LEAVES = (MobileType.TRANSFER, MobileType.CASH_OUT)


def emptied_exactly(payment: MobilePayment) -> bool:
    """A transfer or cash-out of all there is: how a taken-over account is drained."""
    takes_all = payment.amount_minor == payment.origin_before_minor > 0
    return payment.type in _LEAVES and takes_all and payment.origin_after_minor == 0


def loses_more(payment: MobilePayment) -> bool:
    """The sender's balance falls by more than the amount, and than rounding explains."""
    lost = payment.origin_before_minor - payment.origin_after_minor
    return payment.type.takes_money_out and lost > payment.amount_minor + ROUNDING_MINOR


def never_arrives(payment: MobilePayment) -> bool:
    """A transfer leaves the balance of a receiver unchanged who has one."""
    before, after = payment.destination_before_minor, payment.destination_after_minor
    return payment.type is MobileType.TRANSFER and payment.amount_minor > 0 and before == after > 0


RULES: tuple[tuple[str, str, Callable[[MobilePayment], bool]], ...] = (
    ("balance.account_emptied", "The amount is the whole balance of the account", emptied_exactly),
    ("balance.loses_more", "The sender's balance falls by more than the amount", loses_more),
    ("balance.never_arrives", "The receiver's balance does not change", never_arrives),
)


def outcome_by_balances(payment: MobilePayment) -> tuple[Outcome, list[Reason]]:
    """Review when any rule holds, else approve; with the reasons of those that hold."""
    reasons = [Reason(code, words, "rule") for code, words, holds in RULES if holds(payment)]
    return (Outcome.REVIEW if reasons else Outcome.APPROVE), reasons
