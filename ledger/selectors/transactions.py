"""What became of transactions."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from ledger.domain.receipts import without_explanation
from ledger.models import Event, Transaction
from sentinel.core.money import format_amount
from sentinel.core.outcomes import Status


@dataclass(frozen=True, slots=True)
class TransactionState:
    """Derived at the moment of asking."""

    status: Status
    reversed_minor: int = 0


def transaction_status(payment: Transaction) -> TransactionState:
    return transaction_states([payment.id])[payment.id]


def transaction_states(transaction_ids: Iterable[UUID]) -> dict[UUID, TransactionState]:
    ids = list(transaction_ids)
    if not ids:
        return {}
    with connection.cursor() as cursor:
        # The bounds tell PostgreSQL which months it can leave out.
        cursor.execute(
            "SELECT transaction_id, status, reversed_minor FROM ledger_transactionstatus"
            " WHERE transaction_id = ANY(%s) AND transaction_id BETWEEN %s AND %s",
            [ids, min(ids), max(ids)],
        )
        return {row[0]: TransactionState(Status(row[1]), int(row[2])) for row in cursor.fetchall()}


def event_count(transaction_id: UUID) -> int:
    return Event.objects.filter(transaction_id=transaction_id).count()


def event_payload(payment: Transaction, status: str) -> dict[str, Any]:
    return {
        "transaction_id": payment.public_id,
        "account_id": payment.account_id,
        "amount": format_amount(payment.amount_minor, payment.currency),
        "currency": payment.currency,
        "status": str(status),
        "reference": payment.reference,
    }


def receipts_with_state(payments: Iterable[Transaction], *, explain: bool) -> list[dict[str, Any]]:
    """Receipts as they were answered, each with what became of it since under "current".

    The payments must come with their decisions (select_related). Without `explain`, reasons and scores are left out.
    """
    found = list(payments)
    states = transaction_states(payment.id for payment in found)
    return [_receipt(payment, states[payment.id], explain=explain) for payment in found]


def _receipt(payment: Transaction, state: TransactionState, *, explain: bool) -> dict[str, Any]:
    stored: dict[str, Any] = orjson.loads(bytes(payment.decision.receipt))
    shown = stored if explain else without_explanation(stored)
    current = {"status": state.status.value, "reversed": format_amount(state.reversed_minor, payment.currency)}
    return shown | {"current": current}
