"""Everything about one case, on one page. Looking at it locks nothing."""

from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.selectors.case import case_find
from dashboard.views.reviewing.case_page import case_page
from dashboard.views.reviewing.verdict_bar import verdict_bar
from ledger.admin.revealing import revealing
from ledger.admin.transaction_page import may
from ledger.models import Transaction


@require_safe
def case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    if not may(request.user, "ledger.view_case"):
        raise PermissionDenied
    found = case_find(case_id)
    if found is None:
        return _no_case(request, case_id)
    now, payment = timezone.now(), found.transaction
    shown = revealing(request, payment.public_id) | {
        "reveal_url": reverse("admin:ledger_transaction_reveal", args=[payment.pk]),
        "reveal_back": request.path,
    }
    context = {
        **admin.site.each_context(request),
        "title": f"Case {payment.public_id}",
        "now": now,
        **shown,
        **case_page(request, found, is_revealed=shown["is_revealed"], now=now),
        **verdict_bar(request.user, found, now),
    }
    return TemplateResponse(request, "dashboard/reviewing/case.html", context)


def _no_case(request: HttpRequest, case_id: UUID) -> HttpResponse:
    payment = Transaction.objects.filter(pk=case_id).first() if may(request.user, "ledger.view_transaction") else None
    context = {
        **admin.site.each_context(request),
        "title": "No such case",
        "payment": payment,
        "may_open": payment is not None and may(request.user, "ledger.work_case"),
    }
    return TemplateResponse(request, "dashboard/reviewing/case_unknown.html", context, status=404)
