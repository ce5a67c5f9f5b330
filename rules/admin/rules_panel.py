"""On a payment's page: the rules that hit it, why, and the way to snooze one for its account."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from ledger.admin.transaction_page import may, register_panel
from ledger.models import Decision, Transaction
from rules.models import RuleVersion


@register_panel
def rules_panel(request: HttpRequest, payment: Transaction) -> SafeString | None:
    """Hits with a say first; those of trials and snoozed rules are told apart. None when no rule hit."""
    if not may(request.user, "rules.view_rule"):
        return None
    decision = Decision.objects.filter(pk=payment.pk).only("rule_hits", "silent_hits").first()
    if decision is None or not (decision.rule_hits or decision.silent_hits):
        return None
    hit = [*decision.rule_hits, *decision.silent_hits]
    versions = RuleVersion.objects.filter(pk__in=hit).select_related("rule")
    context = {
        "hits": [(each, each.pk in decision.rule_hits) for each in sorted(versions, key=lambda it: hit.index(it.pk))],
        "payment": payment,
        "may_snooze": may(request.user, "rules.add_rulesnooze"),
    }
    return render_to_string("admin/rules/rules_of_payment.html", context, request)
