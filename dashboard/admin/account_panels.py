"""On an account's page: its cases, and the accounts that share a card, device or IP address with it."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from dashboard.selectors.shared import ACCOUNT_SPAN, LinkedAccount, accounts_linked
from ledger.admin.account_page import ROWS_SHOWN, register_account_panel
from ledger.admin.transaction_page import may
from ledger.models import Account, Case

_KIND_WORDS = {"card_token": "card", "device_id": "device", "ip_address": "IP address"}


@register_account_panel
def cases_panel(request: HttpRequest, account: Account) -> SafeString | None:
    if not may(request.user, "ledger.view_case"):
        return None
    cases = Case.objects.filter(account=account).order_by("-transaction_id")
    context = {"cases": cases[:ROWS_SHOWN], "now": timezone.now()}
    return render_to_string("dashboard/account_cases.html", context, request)


@register_account_panel
def linked_accounts_panel(request: HttpRequest, account: Account) -> SafeString | None:
    """The values themselves are not shown, so no personal detail is."""
    if not may(request.user, "ledger.view_transaction"):
        return None
    found = accounts_linked(account.pk, livemode=account.livemode, now=timezone.now())
    context = {"linked": [(each, _words(each)) for each in found], "days": ACCOUNT_SPAN.days}
    return render_to_string("dashboard/linked_accounts.html", context, request)


def _words(linked: LinkedAccount) -> str:
    return ", ".join(_KIND_WORDS[kind] for kind in sorted(linked.kinds))
