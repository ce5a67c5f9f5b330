"""On an account's page: its payments a page at a time, what is usual for it, and what was done to it."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils import timezone

from ledger.admin.audit import details_shown
from ledger.admin.transaction_page import may
from ledger.admin.words import audit_words, share, short
from ledger.models import Account, AuditEntry
from ledger.selectors.account_history import USUAL_DAYS, HistoryPage, Kept, account_history, account_usual
from sentinel.core.countries import COUNTRIES
from sentinel.core.errors import InvalidRequest

AUDIT_SHOWN = 10
_KEPT_WORDS = {
    "": "All",
    Kept.APPROVE: "Approved",
    Kept.REVIEW: "Held for review",
    Kept.DECLINE: "Declined",
    Kept.FRAUD: "Known fraud",
}


def account_past(request: HttpRequest, account: Account) -> dict[str, Any]:
    """For the template: of a customer's account, to those who may view its payments and its audit."""
    if account.kind == Account.Kind.SYSTEM:
        return {}
    past: dict[str, Any] = {}
    if may(request.user, "ledger.view_transaction"):
        past = {"history": _history(request, account), "usual": _usual(account)}
    if may(request.user, "ledger.view_auditentry"):
        past["audited"] = _audited(account)
    return past


def _history(request: HttpRequest, account: Account) -> dict[str, Any]:
    """What cannot be understood of the address is said, and the newest payments are shown."""
    asked = request.GET.get("outcome", "")
    kept = Kept(asked) if asked in list(Kept) else None
    fault = "" if kept or not asked else f"outcome: One of {', '.join(Kept)}."
    try:
        before, after = request.GET.get("before"), request.GET.get("after")
        page = account_history(account.pk, kept=kept, before=before, after=after)
    except InvalidRequest as error:
        page, fault = account_history(account.pk, kept=kept), f"before, after: {error.detail}"
    return {
        "fault": fault,
        "rows": [(row, share(row.score_percentile)) for row in page.rows],
        "choices": [(_address(outcome=name), words, name == (kept or "")) for name, words in _KEPT_WORDS.items()],
        "links": _links(page, kept),
    }


def _links(page: HistoryPage, kept: Kept | None) -> list[tuple[str, str]]:
    """Newer and older; where a link is missing, nothing lies there."""
    places = (("Newer", "after", page.newer), ("Older", "before", page.older))
    return [(words, _address(outcome=kept, **{name: place})) for words, name, place in places if place]


def _address(**asked: str | None) -> str:
    return f"?{urlencode({name: value for name, value in asked.items() if value})}#payments"


def _usual(account: Account) -> dict[str, Any]:
    usual = account_usual(account.pk, now=timezone.now())
    return {"days": USUAL_DAYS, "figures": usual, "country": COUNTRIES.get(usual.country or "", usual.country)}


def _audited(account: Account) -> list[tuple[AuditEntry, str, str]]:
    entries = AuditEntry.objects.filter(subject=account.pk)[:AUDIT_SHOWN]
    return [(entry, audit_words(entry.action), short(details_shown(entry))) for entry in entries]
