"""What an account's page shows beside its form. Bounded: the newest rows of each kind."""

from typing import Any

from ledger.admin.transaction_page import Person, may
from ledger.models import Account, AccountGrant, Hold, Posting, Transaction
from ledger.selectors.transactions import transaction_states

ROWS_SHOWN = 20


def account_page(account: Account, user: Person) -> dict[str, Any]:
    """The template's context. Reviews, payments and postings only for those who may view them."""
    facts: dict[str, Any] = {"account": account}
    if account.kind == Account.Kind.SYSTEM:
        return facts | {"postings": _postings(account) if may(user, "ledger.view_entry") else None}
    facts |= {"balance": account.balance, "grants": _grants(account)}
    if may(user, "ledger.view_hold"):
        facts["holds"] = (
            Hold.objects.filter(account=account, resolution__isnull=True)
            .select_related("transaction__decision")
            .order_by("expires_at")[:ROWS_SHOWN]
        )
    if may(user, "ledger.view_transaction"):
        facts["payments"] = _payments(account)
    return facts


def _payments(account: Account) -> list[Transaction]:
    """The newest by event time, which the account's index goes by; each with its status as `status`."""
    found: list[Any] = list(
        account.transactions.select_related("decision").order_by("-occurred_at", "-id")[:ROWS_SHOWN]
    )
    states = transaction_states(payment.pk for payment in found)
    for payment in found:
        payment.status = states[payment.pk].status.value
    return found


def _postings(account: Account) -> list[Posting]:
    """The newest legs on one of the bank's own accounts. Their sum is not asked for: there are millions."""
    legs = Posting.objects.filter(ledger_account=account).select_related("entry")
    return list(legs.order_by("-entry_id")[:ROWS_SHOWN])


def _grants(account: Account) -> list[AccountGrant]:
    return list(account.grants.select_related("client").order_by("client__name")[:ROWS_SHOWN])
