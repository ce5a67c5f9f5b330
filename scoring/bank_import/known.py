"""What the record knows already of the accounts, transactions and labels that files name."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from ledger.models import Account
from ledger.services.accounts import opening_balance_minor
from sentinel.core.clients import ClientIdentity
from sentinel.core.values import value

# An account that was imported, and nothing else, has as many payments as were imported of it.
_ACCOUNTS = """
SELECT a.id, a.currency, a.livemode, b.posted_minor, b.floor_minor,
    b.seq <> (SELECT count(*) FROM ledger_importedtransaction i WHERE i.account_id = a.id),
    (SELECT max(t.occurred_at) FROM ledger_transaction t WHERE t.account_id = a.id)
FROM ledger_account a JOIN ledger_accountbalance b ON b.account_id = a.id WHERE a.id = ANY(%s)
"""
_IMPORTED = """
SELECT i.reference, i.transaction_id, i.account_id, i.fingerprint, t.occurred_at
FROM ledger_importedtransaction i
JOIN ledger_transaction t ON t.id = i.transaction_id AND t.account_id = i.account_id
WHERE i.client_id = %s AND i.reference = ANY(%s)
"""


@dataclass(slots=True)
class KnownAccount:
    """An account with its money, which is moved along as a file is checked. `is_living`: payments of it were decided
    here. `line`: of accounts.csv, if it is there.
    """

    currency: str
    livemode: bool
    balance_minor: int
    floor_minor: int
    is_living: bool = False
    latest: datetime | None = None
    line: int | None = None
    closing_minor: int | None = None


@value
class Imported:
    transaction_id: UUID
    account_id: str
    fingerprint: bytes
    occurred_at: datetime


def accounts_known(account_ids: Collection[str]) -> dict[str, KnownAccount]:
    """Those customer accounts that exist."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS, [list(account_ids)])
        return {account_id: KnownAccount(*columns) for account_id, *columns in cursor.fetchall()}


def ids_taken(account_ids: Collection[str]) -> set[str]:
    """Those that are somebody's, the bank's own accounts among them."""
    return set(Account.objects.filter(pk__in=account_ids).values_list("pk", flat=True))


def opening_of(account_id: str) -> int:
    return opening_balance_minor(account_id)


def imported_known(client: ClientIdentity, references: Collection[str]) -> dict[str, Imported]:
    """The transactions that were imported under these ids of the bank."""
    with connection.cursor() as cursor:
        cursor.execute(_IMPORTED, [client.client_id, list(references)])
        return {
            reference: Imported(transaction_id, account_id, bytes(fingerprint), occurred_at)
            for reference, transaction_id, account_id, fingerprint, occurred_at in cursor.fetchall()
        }
