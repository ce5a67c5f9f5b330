"""How a hold ends: approved, declined or voided by somebody, or expired. It ends once."""

import logging
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from ledger.domain.booking import LockedAccount
from ledger.domain.payments import AccountStatus
from ledger.domain.rows import Rows, add_hold_resolution
from ledger.errors import HoldAlreadyResolved
from ledger.models import Case, Hold, HoldResolution, PendingVerdict, Transaction
from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.changes import Locked, change_of, change_write, legs_apply
from ledger.services.failures import kind_and_place
from ledger.services.writing import accounts_lock
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
# What to do instead of approving a payment of an account that is not active.
_ADVICE = {
    AccountStatus.FROZEN: "Thaw the account or decline the review.",
    AccountStatus.CLOSED: "Decline the review.",
}

_logger = logging.getLogger(__name__)


@transaction.atomic
def hold_resolve(*, transaction_id: UUID, resolution: Resolution, actor: str, note: str = "", now: datetime) -> None:
    """End a hold: approving moves the money, everything else gives it back.

    Errors: HoldAlreadyResolved; Conflict on approval when an account of the payment is not active; InvalidRequest
    for a note that holds a card number.
    """
    card_numbers_refuse(note=note)
    payment = Transaction.objects.select_related("account").get(pk=transaction_id)
    locked = accounts_lock(payment.account_ids)
    # Read after the lock: whoever held it before may just have ended the hold.
    hold = Hold.objects.filter(pk=transaction_id).first()
    if hold is None or HoldResolution.objects.filter(pk=transaction_id).exists():
        raise HoldAlreadyResolved
    is_approved = resolution == Resolution.APPROVED
    if is_approved:
        _capture(payment, hold, locked)
    else:
        _release(payment, hold, locked[payment.account_id])
    rows = Rows()
    change = change_of(
        payment,
        event_type=_EVENTS[resolution],
        status=_STATUSES[resolution],
        legs=payment.legs,
        entry_id=uuid7() if is_approved else None,
        actor=actor,
        now=now,
    )
    add_hold_resolution(rows, change, resolution=resolution.value, note=note)
    change_write(rows, locked)
    audit_record(
        actor=actor,
        action=f"hold.{resolution.value}",
        subject=public_id("txn", transaction_id),
        details={"note": note},
        now=now,
    )


def holds_expire(*, now: datetime, limit: int = 1000) -> int:
    """End up to `limit` holds whose time is over; returns how many. One that fails does not stop the others.

    A verdict that is about to be applied is quicker than the clock.
    """
    waiting = PendingVerdict.objects.filter(error="", case=OuterRef("pk"))
    due = Hold.objects.filter(~Exists(waiting), resolution__isnull=True, expires_at__lte=now).order_by("expires_at")
    ended = 0
    for transaction_id in due.values_list("pk", flat=True)[:limit]:
        try:
            ended += _expire(transaction_id, now)
        except HoldAlreadyResolved:
            continue
        except Exception as error:
            _logger.error("hold %s could not be expired: %s", transaction_id, kind_and_place(error))
    return ended


@transaction.atomic
def _expire(transaction_id: UUID, now: datetime) -> bool:
    """False when a verdict was given meanwhile. Locks: the balances, then the case, where verdicts are given."""
    accounts_lock(Transaction.objects.select_related("account").get(pk=transaction_id).account_ids)
    Case.objects.select_for_update().filter(pk=transaction_id).first()
    if PendingVerdict.objects.filter(pk=transaction_id, error="").exists():
        return False
    hold_resolve(transaction_id=transaction_id, resolution=Resolution.EXPIRED, actor="system", now=now)
    return True


def _capture(payment: Transaction, hold: Hold, locked: Locked) -> None:
    """Pay out what was reserved."""
    for account in locked.values():
        if account.status is not AccountStatus.ACTIVE:
            raise Conflict(f"The account {account.account_id} is {account.status}. {_ADVICE[account.status]}")
    locked[payment.account_id].held_minor -= hold.reserved_minor
    legs_apply(payment.legs, locked)


def _release(payment: Transaction, hold: Hold, account: LockedAccount) -> None:
    """Give the reserved money back, and the day its allowance while that day is still the account's latest."""
    account.held_minor -= hold.reserved_minor
    day = payment.local_day
    if day == account.day and hold.reserved_minor:
        account.spent_by_day[day] = max(0, account.spent_by_day[day] - hold.reserved_minor)
