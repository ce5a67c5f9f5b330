"""Any payment, account or card, by what somebody has in hand."""

from dataclasses import replace
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_GET

from dashboard.selectors.search import LAST_DIGITS, SHOWN_MAX, Findings, FoundGroup
from dashboard.selectors.search import search as find
from ledger.domain.masks import mask_name
from ledger.services.card_numbers import card_numbers_refuse
from sentinel.core.errors import InvalidRequest

_GROUP_WORDS = {
    "id": "The payment of this id",
    "reference": "Payments with this reference",
    "idempotency_key": "The payment of this idempotency key",
    "card_token": "Payments with this card",
    "card_last4": "Payments with a card that ends so",
}


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("ledger.view_case"):
        raise PermissionDenied
    sought, refusal = request.GET.get("q", "").strip(), ""
    try:
        card_numbers_refuse(q=sought)
    except InvalidRequest as error:
        sought, refusal = "", error.detail
    with_cards = request.user.has_perm("ledger.view_personaldetail")
    findings = _may_see(request, find(sought, with_cards=with_cards))
    if (address := _only_one(findings)) is not None:
        return redirect(*address)
    return TemplateResponse(request, "dashboard/reviewing/search.html", _context(request, sought, refusal, findings))


def _may_see(request: HttpRequest, findings: Findings) -> Findings:
    """Without the right to look at transactions, those that are cases; accounts with the right to look at them."""
    groups = findings.groups
    if not request.user.has_perm("ledger.view_transaction"):
        groups = [replace(group, payments=[each for each in group.payments if each.has_case]) for group in groups]
    account = findings.account if request.user.has_perm("ledger.view_account") else None
    return Findings(account, [group for group in groups if group.payments])


def _only_one(findings: Findings) -> tuple[str, Any] | None:
    """The page of the one thing that was found. Four digits fit many cards, so those are always shown."""
    payments = {each.id: each for group in findings.groups for each in group.payments}
    if any(group.is_cut or group.kind == "card_last4" for group in findings.groups):
        return None
    if findings.account is not None:
        return None if payments else ("admin:ledger_account_change", findings.account.pk)
    if len(payments) != 1:
        return None
    (payment,) = payments.values()
    return "admin:case" if payment.has_case else "admin:ledger_transaction_change", payment.id


def _context(request: HttpRequest, sought: str, refusal: str, findings: Findings) -> dict[str, Any]:
    user = request.user
    return {
        **admin.site.each_context(request),
        "title": "Search",
        "sought": sought,
        "refusal": refusal,
        "account": findings.account,
        "account_name": mask_name(findings.account.name) if findings.account else "",
        "groups": [_group(group) for group in findings.groups],
        "shown_max": SHOWN_MAX,
        "may_see_transaction": user.has_perm("ledger.view_transaction"),
        "may_see_account": user.has_perm("ledger.view_account"),
        "needs_cards": _is_card(sought) and not user.has_perm("ledger.view_personaldetail"),
    }


def _group(group: FoundGroup) -> dict[str, Any]:
    return {"words": _GROUP_WORDS[group.kind], "payments": group.payments, "is_cut": group.is_cut}


def _is_card(sought: str) -> bool:
    return sought.startswith("tok_") or (len(sought) == LAST_DIGITS and sought.isdecimal())
