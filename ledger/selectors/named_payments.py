"""Payments by the names that people outside have for them, many at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from django.db import connection

from ledger.models import IdempotencyKey, Transaction
from sentinel.api.models import GatewayClient
from sentinel.core.ids import parse_public_id
from sentinel.core.values import value

# The bounds tell PostgreSQL which months it can leave out.
_BY_ID = """
SELECT id, account_id, occurred_at FROM ledger_transaction WHERE id = ANY(%s) AND id BETWEEN %s AND %s
"""


@value
class NamedPayment:
    id: UUID
    account_id: str
    occurred_at: datetime


def payments_named(named_by: str, names: Collection[str]) -> Mapping[str, list[NamedPayment]]:
    """By transaction_id, reference or idempotency_key: all payments of that name, of whichever client. Each kind of
    look-up goes by an index. Names without a payment are left out.
    """
    if named_by == "transaction_id":
        ids = {name: found for name in names if (found := parse_public_id("txn", name)) is not None}
        by_id = _by_id(ids.values())
        return {name: [by_id[each]] for name, each in ids.items() if each in by_id}
    # The indexes of references and keys begin with the client.
    clients = list(GatewayClient.objects.values_list("pk", flat=True))
    return _by_reference(clients, names) if named_by == "reference" else _by_key(clients, names)


def _by_id(ids: Iterable[UUID]) -> dict[UUID, NamedPayment]:
    wanted = list(ids)
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_BY_ID, [wanted, min(wanted), max(wanted)])
        return {row[0]: NamedPayment(*row) for row in cursor.fetchall()}


def _by_reference(clients: list[UUID], names: Collection[str]) -> Mapping[str, list[NamedPayment]]:
    named = Transaction.objects.filter(client_id__in=clients, reference__in=names).order_by()
    found = defaultdict(list)
    rows = named.values_list("reference", "id", "account_id", "occurred_at")
    for reference, transaction_id, account_id, occurred_at in rows:
        found[reference or ""].append(NamedPayment(transaction_id, account_id, occurred_at))
    return found


def _by_key(clients: list[UUID], names: Collection[str]) -> Mapping[str, list[NamedPayment]]:
    used = IdempotencyKey.objects.filter(client_id__in=clients, key__in=names, operation="payment")
    keys = [(key, subject_id) for key, subject_id in used.values_list("key", "subject_id") if subject_id]
    by_id = _by_id(subject_id for _, subject_id in keys)
    found = defaultdict(list)
    for key, subject_id in keys:
        if subject_id in by_id:
            found[key].append(by_id[subject_id])
    return found
