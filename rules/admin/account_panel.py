"""On an account's page: the lists it stands on, and a way onto another."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from ledger.admin.account_page import ROWS_SHOWN, register_account_panel
from ledger.admin.transaction_page import may
from ledger.models import Account
from rules.admin.list_forms import FromPaymentForm
from rules.admin.payment_panel import Things, add_to_list, listable_choices, tell_faults
from rules.domain.lists import ItemType
from rules.models import ListItem


@register_account_panel
def lists_panel(request: HttpRequest, account: Account) -> SafeString | None:
    if not may(request.user, "rules.view_listitem"):
        return None
    items = ListItem.objects.filter(value=account.pk, list__item_type=ItemType.ACCOUNT).valid_at(timezone.now())
    form = FromPaymentForm(listable_choices(_things(account))) if may(request.user, "rules.add_listitem") else None
    context = {"items": items.select_related("list").order_by("list__name")[:ROWS_SHOWN], "form": form}
    return render_to_string("admin/rules/lists_of_account.html", context | {"account": account}, request)


@require_POST
def add_account_to_list_view(request: HttpRequest) -> HttpResponse:
    """The account in `id`, onto the list that the form names."""
    account = get_object_or_404(Account, pk=request.GET.get("id", ""), kind=Account.Kind.CUSTOMER)
    if not (may(request.user, "rules.add_listitem") and may(request.user, "ledger.view_account")):
        raise PermissionDenied
    things = _things(account)
    form = FromPaymentForm(listable_choices(things), request.POST)
    if form.is_valid():
        add_to_list(request, f"account:{account.pk}", things, form)
    else:
        tell_faults(request, form)
    return redirect("admin:ledger_account_change", account.pk)


def _things(account: Account) -> Things:
    return {ItemType.ACCOUNT: ("account", account.pk)}
