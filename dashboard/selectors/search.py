"""What somebody has in hand, whatever kind of name it is: each kind is looked up by an index, and is bounded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from dashboard.selectors.shared import payments_naming
from ledger.models import Account, IdempotencyKey, Transaction
from sentinel.api.models import GatewayClient
from sentinel.core.ids import uuid_in

SHOWN_MAX = 20  # of each kind, the newest
TEXT_CHARACTERS_MAX = 255
LAST_DIGITS = 4

# The bounds tell PostgreSQL which months it can leave out.
_PAYMENTS = """
SELECT t.id, t.account_id, t.livemode, t.amount_minor, t.currency, coalesce(t.merchant_name, t.merchant_id),
    t.occurred_at, d.outcome, c.transaction_id IS NOT NULL, coalesce(c.verdict, '')
FROM ledger_transaction t
JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id AND d.transaction_id = ANY(%(ids)s)
    AND d.transaction_id BETWEEN %(first)s AND %(last)s
LEFT JOIN ledger_case c ON c.transaction_id = t.id
WHERE t.id = ANY(%(ids)s) AND t.id BETWEEN %(first)s AND %(last)s
ORDER BY t.id DESC
"""


@dataclass(frozen=True, slots=True)
class FoundPayment:
    """`verdict` is that of its case, empty while the case is open."""

    id: UUID
    account_id: str
    livemode: bool
    amount_minor: int
    currency: str
    merchant: str | None
    occurred_at: datetime
    outcome: str
    has_case: bool
    verdict: str


@dataclass(frozen=True, slots=True)
class FoundGroup:
    """Payments that have this name as their `kind`; `is_cut`: only the newest are here."""

    kind: str
    payments: list[FoundPayment]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Findings:
    account: Account | None
    groups: list[FoundGroup]


def search(text: str, *, with_cards: bool) -> Findings:
    """Payments by whole id, reference or idempotency key, of whichever client, and by card token or its last four
    digits if `with_cards`; and the account of that id. Kinds without a payment are left out.
    """
    if not text or "\0" in text or len(text) > TEXT_CHARACTERS_MAX:
        return Findings(None, [])
    if (transaction_id := uuid_in("txn", text)) is not None:
        by_kind = {"id": [transaction_id]}
    else:
        by_kind = {kind: look(text) for kind, look in (_BY_NAME | (_BY_CARD if with_cards else {})).items()}
    payments = _payments(each for ids in by_kind.values() for each in ids[:SHOWN_MAX])
    groups = [
        FoundGroup(kind, [payments[each] for each in ids[:SHOWN_MAX] if each in payments], len(ids) > SHOWN_MAX)
        for kind, ids in by_kind.items()
    ]
    account = Account.objects.filter(pk=text, kind=Account.Kind.CUSTOMER).first()
    return Findings(account, [group for group in groups if group.payments])


def _by_reference(text: str) -> list[UUID]:
    found = Transaction.objects.filter(client_id__in=_clients(), reference=text).order_by("-id")
    return list(found.values_list("id", flat=True)[: SHOWN_MAX + 1])


def _by_key(text: str) -> list[UUID]:
    used = IdempotencyKey.objects.filter(client_id__in=_clients(), key=text, operation="payment")
    found = used.exclude(subject_id=None).order_by("-subject_id").values_list("subject_id", flat=True)
    return [each for each in found[: SHOWN_MAX + 1] if each]


def _by_token(text: str) -> list[UUID]:
    return payments_naming("card_token", text, limit=SHOWN_MAX + 1)


def _by_last4(text: str) -> list[UUID]:
    is_number = len(text) == LAST_DIGITS and text.isascii() and text.isdecimal()
    return payments_naming("card_last4", text, limit=SHOWN_MAX + 1) if is_number else []


_BY_NAME: dict[str, Callable[[str], list[UUID]]] = {"reference": _by_reference, "idempotency_key": _by_key}
_BY_CARD: dict[str, Callable[[str], list[UUID]]] = {"card_token": _by_token, "card_last4": _by_last4}


def _clients() -> list[UUID]:
    """The indexes of references and keys begin with the client."""
    return list(GatewayClient.objects.order_by().values_list("pk", flat=True))


def _payments(ids: Iterable[UUID]) -> dict[UUID, FoundPayment]:
    wanted = list(set(ids))
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_PAYMENTS, {"ids": wanted, "first": min(wanted), "last": max(wanted)})
        return {row[0]: FoundPayment(*row) for row in cursor.fetchall()}
