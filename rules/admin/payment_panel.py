"""From a payment's page onto a list: its card, device, address, merchant or account."""

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from ledger.admin.transaction_page import Person, may, register_panel
from ledger.domain.masks import mask
from ledger.models import PersonalDetail, Transaction
from rules.admin.list_forms import FromPaymentForm
from rules.domain.lists import ItemType, Purpose, Source
from rules.models import List, ListProposal
from rules.services.lists import NewItem, list_item_submit
from sentinel.core.errors import SentinelError
from sentinel.core.ids import public_id

_OF_PAYMENT = ((ItemType.ACCOUNT, "account", "account_id"), (ItemType.MERCHANT, "merchant", "merchant_id"))
_OF_DETAIL = (
    (ItemType.CARD_TOKEN, "card", "card_token"),
    (ItemType.DEVICE, "device", "device_id"),
    (ItemType.IP_ADDRESS, "IP address", "ip_address"),
    (ItemType.EMAIL_DOMAIN, "e-mail domain", "email_domain"),
    (ItemType.CARD_BIN, "card BIN", "card_bin"),
)

Things = dict[ItemType, tuple[str, str]]  # in words, and the value


@register_panel
def add_to_list_panel(request: HttpRequest, payment: Transaction) -> SafeString | None:
    if not may(request.user, "rules.add_listitem"):
        return None
    form = FromPaymentForm(listable_choices(listable_things(request.user, payment)))
    return render_to_string("admin/rules/add_to_list.html", {"form": form, "payment": payment}, request)


@require_POST
def add_to_list_view(request: HttpRequest, payment_id: Any) -> HttpResponse:
    payment = Transaction.objects.filter(pk=payment_id).first()
    if payment is None:
        raise Http404
    if not (may(request.user, "rules.add_listitem") and may(request.user, "ledger.view_transaction")):
        raise PermissionDenied
    things = listable_things(request.user, payment)
    form = FromPaymentForm(listable_choices(things), request.POST)
    if form.is_valid():
        add_to_list(request, public_id("txn", payment.pk), things, form)
    else:
        tell_faults(request, form)
    return redirect("admin:ledger_transaction_change", payment.pk)


def add_to_list(request: HttpRequest, subject: str, things: Things, form: FromPaymentForm) -> None:
    """Adds or proposes what the form names; `subject` is what it was found by."""
    item_type, _, list_id = form.cleaned_data["target"].partition(":")
    words, value = things[ItemType(item_type)]
    now = timezone.now()
    wanted = NewItem(value, form.cleaned_data["reason"], form.expires_at(now), Source.CASE, subject)
    item_list = List.objects.get(pk=list_id)
    try:
        made = list_item_submit(actor=request.user.get_username(), item_list=item_list, wanted=wanted, now=now)
    except SentinelError as error:
        messages.error(request, error.detail)
        return
    if isinstance(made, ListProposal):
        messages.success(request, f"The {words} is proposed for {item_list.name}. A second person has to approve it.")
    else:
        messages.success(request, f"The {words} is on {item_list.name}, from the next payment on.")


def tell_faults(request: HttpRequest, form: FromPaymentForm) -> None:
    faults = (f"{form[name].label}: {error}" for name, errors in form.errors.items() for error in errors)
    messages.error(request, f"Nothing was added. {' '.join(faults)}")


def listable_things(user: Person, payment: Transaction) -> Things:
    """What of the payment can be listed; personal details only by whoever may see them."""
    detail = PersonalDetail.objects.filter(pk=payment.pk).first()
    sources: list[tuple[Any, tuple[tuple[ItemType, str, str], ...]]] = [(payment, _OF_PAYMENT)]
    if detail and may(user, "ledger.view_personaldetail"):
        sources.append((detail, _OF_DETAIL))
    return {
        item_type: (words, value)
        for source, kinds in sources
        for item_type, words, name in kinds
        if (value := getattr(source, name, None))
    }


def _shown(item_type: ItemType, value: str) -> str:
    field = {kind: name for kind, _, name in _OF_DETAIL}.get(item_type)
    return mask(field, value) if field else value


def listable_choices(
    things: Things, *, purposes: Collection[Purpose] = tuple(Purpose)
) -> list[tuple[str, list[tuple[str, str]]]]:
    """The lists that fit, under the thing they would be given."""
    options: dict[str, list[tuple[str, str]]] = {}
    for each in List.objects.filter(item_type__in=list(things), purpose__in=purposes).order_by("name"):
        purpose = each.get_purpose_display().partition(" (")[0]
        options.setdefault(each.item_type, []).append((f"{each.item_type}:{each.pk}", f"{each.name} ({purpose})"))
    return [
        (f"This {words}: {_shown(item_type, value)}", options[item_type])
        for item_type, (words, value) in things.items()
        if item_type in options
    ]
