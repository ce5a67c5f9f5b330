"""How a hold ends: approved, declined or voided by somebody, or expired. It ends once."""

import logging
from datetime import datetime
from uuid import UUID

from django.db import transaction

from ledger.domain.booking import LockedAccount, payment_legs
from ledger.domain.payments import AccountStatus, TransactionType
from ledger.domain.rows import Rows, add_event
from ledger.errors import HoldAlreadyResolved
from ledger.models import Hold, HoldResolution, Transaction
from ledger.selectors.transactions import event_count, event_payload
from ledger.services.audit import audit_record
from ledger.services.writing import accounts_lock, rows_write
from sentinel.core.errors import Conflict
from sentinel.core.ids import public_id, uuid7

Resolution = HoldResolution.Resolution

_EVENTS = {
    Resolution.APPROVED: "transaction.review_resolved",
    Resolution.DECLINED: "transaction.review_resolved",
    Resolution.EXPIRED: "transaction.expired",
    Resolution.VOIDED: "transaction.voided",
}
_STATUSES = {
    Resolution.APPROVED: "approved",
    Resolution.DECLINED: "declined",
    Resolution.EXPIRED: "expired",
    Resolution.VOIDED: "declined",
}

_logger = logging.getLogger(__name__)


@transaction.atomic
def hold_resolve(*, transaction_id: UUID, resolution: Resolution, actor: str, note: str = "", now: datetime) -> None:
    """End a hold: approving moves the money, everything else gives it back.

    Errors: HoldAlreadyResolved; Conflict when the receiving account cannot be credited any more.
    """
    payment = Transaction.objects.select_related("account").get(pk=transaction_id)
    locked = accounts_lock(_account_ids(payment))
    # Read after the lock: whoever held it before may just have ended the hold.
    hold = Hold.objects.filter(pk=transaction_id).first()
    if hold is None or HoldResolution.objects.filter(pk=transaction_id).exists():
        raise HoldAlreadyResolved
    rows = Rows()
    entry_id = uuid7() if resolution == Resolution.APPROVED else None
    if entry_id is not None:
        _capture(rows, payment, hold, locked, entry_id, now)
    else:
        _release(payment, hold, locked[payment.account_id])
    rows.add(
        "ledger_holdresolution",
        {
            "hold_id": transaction_id,
            "resolution": resolution.value,
            "actor": actor,
            "note": note,
            "entry_id": entry_id,
            "recorded_at": now,
        },
    )
    add_event(
        rows,
        event_type=_EVENTS[resolution],
        transaction_id=transaction_id,
        account_id=payment.account_id,
        client_id=payment.client_id,
        sequence=event_count(transaction_id) + 1,
        payload=event_payload(payment, _STATUSES[resolution]),
        now=now,
    )
    for account in locked.values():
        rows.add_balance(account)
    rows_write(rows)
    audit_record(
        actor=actor,
        action=f"hold.{resolution.value}",
        subject=public_id("txn", transaction_id),
        details={"note": note},
        now=now,
    )


def holds_expire(*, now: datetime, limit: int = 1000) -> int:
    """End up to `limit` holds whose time is over; returns how many. One that fails does not stop the others."""
    due = Hold.objects.filter(resolution__isnull=True, expires_at__lte=now).order_by("expires_at")
    ended = 0
    for transaction_id in due.values_list("pk", flat=True)[:limit]:
        try:
            hold_resolve(transaction_id=transaction_id, resolution=Resolution.EXPIRED, actor="system", now=now)
        except HoldAlreadyResolved:
            continue
        except Exception:
            _logger.exception("hold %s could not be expired", transaction_id)
            continue
        ended += 1
    return ended


def _account_ids(payment: Transaction) -> list[str]:
    counterparty_id = payment.counterparty_account_id
    return [payment.account_id, counterparty_id] if counterparty_id else [payment.account_id]


def _capture(
    rows: Rows, payment: Transaction, hold: Hold, locked: dict[str, LockedAccount], entry_id: UUID, now: datetime
) -> None:
    if any(account.status is AccountStatus.CLOSED for account in locked.values()):
        raise Conflict("An account of this payment is closed. Decline the review.")
    account = locked[payment.account_id]
    legs = payment_legs(
        TransactionType(payment.transaction_type),
        account_id=payment.account_id,
        counterparty_account_id=payment.counterparty_account_id,
        currency=payment.currency,
        amount_minor=hold.amount_minor,
        livemode=payment.livemode,
    )
    account.held_minor -= hold.reserved_minor
    for leg in legs:
        if leg.ledger_account_id in locked:
            locked[leg.ledger_account_id].posted_minor += leg.credit_minor - leg.debit_minor
    rows.add_entry(
        entry_id,
        account_id=payment.account_id,
        transaction_id=payment.id,
        legs=legs,
        currency=payment.currency,
        now=now,
    )


def _release(payment: Transaction, hold: Hold, account: LockedAccount) -> None:
    """Give the reserved money back, and the day its allowance while that day is still the account's latest."""
    account.held_minor -= hold.reserved_minor
    day = payment.local_day
    if day == account.day and hold.reserved_minor:
        account.spent_by_day[day] = max(0, account.spent_by_day[day] - hold.reserved_minor)
