"""On a payment's page: its case, or the way to open one."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from ledger.admin.transaction_page import may, register_panel
from ledger.models import Case, Transaction


@register_panel
def case_panel(request: HttpRequest, payment: Transaction) -> SafeString | None:
    """None for whoever neither sees cases nor works them, and on the page of the case itself."""
    if request.resolver_match and request.resolver_match.url_name == "case":
        return None
    may_work = may(request.user, "ledger.work_case")
    if not (may_work or may(request.user, "ledger.view_case")):
        return None
    case = Case.objects.select_related("assignee").filter(pk=payment.pk).first()
    context = {"payment": payment, "case": case, "may_open": may_work and (case is None or bool(case.decided_at))}
    return render_to_string("dashboard/reviewing/case_panel.html", context, request)
