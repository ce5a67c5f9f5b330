"""On a payment's page: who was told of it."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from ledger.admin.transaction_page import ROWS_SHOWN, may, register_panel
from ledger.models import Transaction
from webhooks.models import Delivery


@register_panel
def deliveries_panel(request: HttpRequest, payment: Transaction) -> SafeString | None:
    if not may(request.user, "webhooks.view_delivery"):
        return None
    sent = Delivery.objects.filter(transaction_id=payment.pk).select_related("endpoint").order_by("id")
    context = {"deliveries": sent[:ROWS_SHOWN], "now": timezone.now()}
    return render_to_string("admin/webhooks/payment_panel.html", context, request)
