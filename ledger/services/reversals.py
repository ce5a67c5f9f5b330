"""Giving money back: a reversal in part or whole, and a void by key after a time-out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ledger.domain.booking import Leg, opposite
from ledger.domain.receipts import rfc3339
from ledger.domain.rows import Rows, add_reversal
from ledger.errors import FundsInsufficient, NotReversible, ReversalTooLarge
from ledger.models import Hold, HoldResolution, IdempotencyKey, Transaction
from ledger.selectors.transactions import transaction_status
from ledger.services.audit import audit_record
from ledger.services.card_numbers import card_numbers_refuse
from ledger.services.changes import Locked, change_of, change_write, legs_apply
from ledger.services.holds import hold_resolve
from ledger.services.writing import accounts_lock
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import Conflict, FieldError
from sentinel.core.ids import public_id, uuid7
from sentinel.core.money import format_amount
from sentinel.core.outcomes import Status

REVERSIBLE = {Status.APPROVED, Status.PARTLY_REVERSED}

_TOMBSTONE = """
INSERT INTO ledger_idempotencykey (client_id, key, operation, voided_at, created_at)
VALUES (%s, %s, 'void', %s, %s) ON CONFLICT DO NOTHING
"""


@transaction.atomic
def reversal_make(
    *, payment: Transaction, amount_minor: int | None, reason: str, actor: str, reversal_id: UUID, now: datetime
) -> dict[str, Any]:
    """Give back an amount (None: all that is left) of an approved transaction; returns the answer.

    Errors: NotReversible, ReversalTooLarge, FundsInsufficient when the receiver no longer has the money.
    """
    locked = accounts_lock(payment.account_ids)
    left_minor = _left_minor(payment)
    amount_minor = left_minor if amount_minor is None else amount_minor
    if amount_minor > left_minor:
        words = f"{format_amount(left_minor, payment.currency)} {payment.currency} is left."
        raise ReversalTooLarge(words, errors=[FieldError("amount", "too_large", words)])
    legs = opposite(payment.legs, amount_minor)
    _give_back(legs, locked)
    status = Status.REVERSED if amount_minor == left_minor else Status.PARTLY_REVERSED
    amount = format_amount(amount_minor, payment.currency)
    rows = Rows()
    entry_id = uuid7()
    change = change_of(
        payment,
        event_type="transaction.reversed",
        status=status,
        legs=legs,
        entry_id=entry_id,
        actor=actor,
        now=now,
        reversed=amount,
    )
    add_reversal(rows, change, reversal_id=reversal_id, amount_minor=amount_minor, reason=reason)
    change_write(rows, locked)
    return {
        "id": public_id("rev", reversal_id),
        "transaction_id": payment.public_id,
        "status": status.value,
        "amount": amount,
        "currency": payment.currency,
        "left": format_amount(left_minor - amount_minor, payment.currency),
        "entry_id": public_id("ent", entry_id),
        "recorded_at": rfc3339(now),
    }


@transaction.atomic
def reversal_by_person(
    *, payment: Transaction, amount_minor: int | None, left_seen_minor: int, reason: str, actor: str, now: datetime
) -> dict[str, Any]:
    """A reversal by somebody at a page, who saw how much was left: what is sent twice is done once. With its audit
    entry; returns the answer.

    Errors: Conflict when meanwhile less is left; InvalidRequest for a card number; those of `reversal_make`.
    """
    card_numbers_refuse(reason=reason)
    accounts_lock(payment.account_ids)
    if (left_minor := _left_minor(payment)) != left_seen_minor:
        words = f"{format_amount(left_minor, payment.currency)} {payment.currency} is left"
        raise Conflict(f"Meanwhile something was given back: {words}. Look again, then say how much.")
    made = reversal_make(
        payment=payment,
        amount_minor=amount_minor,
        reason=reason,
        actor=actor,
        reversal_id=uuid7(),
        now=now,
    )
    details = {name: made[name] for name in ("id", "amount", "currency", "status")} | {"reason": reason}
    audit_record(actor=actor, action="transaction.reversed", subject=payment.public_id, details=details, now=now)
    return made


@transaction.atomic
def payment_void(
    *, client: ClientIdentity, payment_key: str, reversal_id: UUID, reason: str, now: datetime
) -> dict[str, Any]:
    """Make sure that the payment with this key takes no money, whether it has arrived or not; returns the answer.

    A payment that has not arrived yet will be declined when it does. A held one is released, an approved one
    reversed, a declined one left as it is. Errors: those of `reversal_make`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TOMBSTONE, [client.client_id, payment_key, now, now])
        arrived_first = cursor.rowcount == 1
    answer = {"id": public_id("void", reversal_id), "idempotency_key": payment_key, "recorded_at": rfc3339(now)}
    if arrived_first:
        return answer | {"transaction_id": None, "status": "voided_before_arrival"}
    used = IdempotencyKey.objects.get(client_id=client.client_id, key=payment_key)
    if used.subject_id is None:
        return answer | {"transaction_id": None, "status": "voided_before_arrival"}
    if used.operation != "payment":
        raise NotReversible("This key was not used for a payment.")
    payment = Transaction.objects.get(pk=used.subject_id)
    status = _undo(payment, client, reversal_id, reason, now)
    return answer | {"transaction_id": payment.public_id, "status": status}


def _undo(payment: Transaction, client: ClientIdentity, reversal_id: UUID, reason: str, now: datetime) -> str:
    accounts_lock(payment.account_ids)
    status = transaction_status(payment).status
    if status == Status.HELD and Hold.objects.filter(pk=payment.id).exists():
        hold_resolve(
            transaction_id=payment.id,
            resolution=HoldResolution.Resolution.VOIDED,
            actor=client.name,
            note=reason,
            now=now,
        )
        return Status.DECLINED.value
    if status in REVERSIBLE:
        reversal_make(
            payment=payment, amount_minor=None, reason=reason, actor=client.name, reversal_id=reversal_id, now=now
        )
        return Status.REVERSED.value
    return status


def _left_minor(payment: Transaction) -> int:
    """What has not been given back yet. Errors: NotReversible."""
    state = transaction_status(payment)
    if state.status not in REVERSIBLE:
        raise NotReversible(f"The transaction is {state.status}; only an approved one can be reversed.")
    return payment.amount_minor - state.reversed_minor


def _give_back(legs: tuple[Leg, ...], locked: Locked) -> None:
    legs_apply(legs, locked)
    for leg in legs:
        account = locked.get(leg.ledger_account_id)
        if account is not None and leg.debit_minor and account.available_minor < account.floor_minor:
            raise FundsInsufficient(f"The account {account.account_id} no longer has the money.")
