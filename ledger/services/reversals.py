"""Giving money back: a reversal in part or whole, and a void by key after a time-out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ledger.domain.booking import Leg, opposite, payment_legs
from ledger.domain.payments import TransactionType
from ledger.domain.receipts import rfc3339
from ledger.domain.rows import Rows, add_event
from ledger.errors import FundsInsufficient, NotReversible, ReversalTooLarge
from ledger.models import Hold, HoldResolution, IdempotencyKey, Transaction
from ledger.selectors.transactions import event_count, event_payload, transaction_status
from ledger.services.holds import hold_resolve
from ledger.services.writing import accounts_lock, rows_write
from sentinel.core.clients import ClientIdentity
from sentinel.core.errors import FieldError
from sentinel.core.ids import public_id, uuid7
from sentinel.core.money import format_amount
from sentinel.core.outcomes import Status

_REVERSIBLE = {Status.APPROVED, Status.PARTLY_REVERSED}

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
    locked = accounts_lock(_account_ids(payment))
    state = transaction_status(payment)
    if state.status not in _REVERSIBLE:
        raise NotReversible(f"The transaction is {state.status}; only an approved one can be reversed.")
    left_minor = payment.amount_minor - state.reversed_minor
    amount_minor = left_minor if amount_minor is None else amount_minor
    if amount_minor > left_minor:
        words = f"{format_amount(left_minor, payment.currency)} {payment.currency} is left."
        raise ReversalTooLarge(words, errors=[FieldError("amount", "too_large", words)])
    legs = opposite(_legs(payment), amount_minor)
    for leg in legs:
        if (account := locked.get(leg.ledger_account_id)) is not None:
            account.posted_minor += leg.credit_minor - leg.debit_minor
            if account.available_minor < account.floor_minor and leg.debit_minor:
                raise FundsInsufficient(f"The account {account.account_id} no longer has the money.")
    status = Status.REVERSED if amount_minor == left_minor else Status.PARTLY_REVERSED
    rows = Rows()
    entry_id = uuid7()
    rows.add_entry(
        entry_id,
        account_id=payment.account_id,
        transaction_id=payment.id,
        legs=legs,
        currency=payment.currency,
        now=now,
        kind="reversal",
    )
    rows.add(
        "ledger_reversal",
        {
            "id": reversal_id,
            "transaction_id": payment.id,
            "account_id": payment.account_id,
            "amount_minor": amount_minor,
            "currency": payment.currency,
            "reason": reason,
            "actor": actor,
            "entry_id": entry_id,
            "recorded_at": now,
        },
    )
    add_event(
        rows,
        event_type="transaction.reversed",
        transaction_id=payment.id,
        account_id=payment.account_id,
        client_id=payment.client_id,
        sequence=event_count(payment.id) + 1,
        payload=event_payload(payment, status) | {"reversed": format_amount(amount_minor, payment.currency)},
        now=now,
    )
    for account in locked.values():
        rows.add_balance(account)
    rows_write(rows)
    return {
        "id": public_id("rev", reversal_id),
        "transaction_id": payment.public_id,
        "status": status.value,
        "amount": format_amount(amount_minor, payment.currency),
        "currency": payment.currency,
        "left": format_amount(left_minor - amount_minor, payment.currency),
        "entry_id": public_id("ent", entry_id),
        "recorded_at": rfc3339(now),
    }


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
    accounts_lock(_account_ids(payment))
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
    if status in _REVERSIBLE:
        reversal_make(
            payment=payment, amount_minor=None, reason=reason, actor=client.name, reversal_id=reversal_id, now=now
        )
        return Status.REVERSED.value
    return status


def _account_ids(payment: Transaction) -> list[str]:
    return [payment.account_id, *filter(None, [payment.counterparty_account_id])]


def _legs(payment: Transaction) -> tuple[Leg, ...]:
    return payment_legs(
        TransactionType(payment.transaction_type),
        account_id=payment.account_id,
        counterparty_account_id=payment.counterparty_account_id,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        livemode=payment.livemode,
    )
