"""What an account's page shows beside its form. Bounded: the newest rows of each kind.

Rooms above the ledger add panels of their own (`register_account_panel`).
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString

from ledger.admin.transaction_page import Person, may
from ledger.models import Account, AccountGrant, AccountNote, Posting

ROWS_SHOWN = 20

# A section of the page for whoever asks, or None when they have no use for it.
AccountPanel = Callable[[HttpRequest, Account], SafeString | None]

_panels: list[AccountPanel] = []


def register_account_panel(panel: AccountPanel) -> AccountPanel:
    """Shows the panel on every customer's page, after those registered before. A decorator, used at import."""
    _panels.append(panel)
    return panel


def account_panels_of(request: HttpRequest, account: Account) -> list[SafeString]:
    if account.kind == Account.Kind.SYSTEM:
        return []
    return [shown for panel in _panels if (shown := panel(request, account)) is not None]


def account_page(account: Account, user: Person) -> dict[str, Any]:
    """The template's context. Notes and postings only for those who may view them."""
    facts: dict[str, Any] = {"account": account}
    if account.kind == Account.Kind.SYSTEM:
        return facts | {"postings": _postings(account) if may(user, "ledger.view_entry") else None}
    facts |= {"balance": account.balance, "grants": _grants(account)}
    if may(user, "ledger.view_accountnote"):
        facts["notes"] = AccountNote.objects.filter(account=account)[:ROWS_SHOWN]
    return facts


def _postings(account: Account) -> list[Posting]:
    """The newest legs on one of the bank's own accounts. Their sum is not asked for: there are millions."""
    legs = Posting.objects.filter(ledger_account=account).select_related("entry")
    return list(legs.order_by("-entry_id")[:ROWS_SHOWN])


def _grants(account: Account) -> list[AccountGrant]:
    return list(account.grants.select_related("client").order_by("client__name")[:ROWS_SHOWN])
