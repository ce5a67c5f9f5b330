"""What ending a hold and reversing have in common: a payment of the record whose money moves, or is free again."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from ledger.domain.booking import Leg, LockedAccount
from ledger.domain.rows import Change, Rows
from ledger.models import Transaction
from ledger.selectors.transactions import event_count, event_payload
from ledger.services.writing import rows_write

Locked = Mapping[str, LockedAccount]


def change_of(
    payment: Transaction,
    *,
    event_type: str,
    status: str,
    legs: tuple[Leg, ...],
    entry_id: UUID | None,
    actor: str,
    now: datetime,
    **told: str,
) -> Change:
    """The change that makes the payment's status this one; `told` is what its event says besides.

    Locks: call while holding the balances of the payment's accounts, which number its events.
    """
    return Change(
        payment=payment,
        actor=actor,
        now=now,
        event_type=event_type,
        sequence=event_count(payment.id) + 1,
        payload=event_payload(payment, status) | told,
        legs=legs,
        entry_id=entry_id,
    )


def legs_apply(legs: tuple[Leg, ...], locked: Locked) -> None:
    """Move the money on the customers' balances, in memory. The bank's own accounts have none."""
    for leg in legs:
        if (account := locked.get(leg.ledger_account_id)) is not None:
            account.posted_minor += leg.credit_minor - leg.debit_minor


def change_write(rows: Rows, locked: Locked) -> None:
    """Write the rows together with the balances as they are now in memory."""
    for account in locked.values():
        rows.add_balance(account)
    rows_write(rows)
