"""One rule on one payment: each row true, false, or not to be said since a value was missing."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from ledger.admin.words import feature_words
from ledger.domain.masks import mask
from ledger.models import Transaction
from rules.domain.definitions import RuleDefinition
from rules.domain.explain import Line
from rules.errors import InvalidExpression
from rules.models import Rule, Simulation
from rules.selectors import rule_definition, rule_latest_version
from rules.services.explaining import PERSONAL_FIELDS, payment_explain
from sentinel.core.catalogue import BY_NAME, Value
from sentinel.core.ids import uuid_in

_ANSWERS = {"true": "true", "false": "false", "unknown": "value missing"}


@dataclass(frozen=True, slots=True)
class ShownLine:
    line: Line
    answer: str
    values: list[tuple[str, str]]

    @property
    def depth(self) -> int:
        return min(self.line.depth, 8)


def rule_explain_urls() -> list[URLPattern]:
    """What hangs on a rule: for RuleAdmin.get_urls."""
    return [path("<int:rule_id>/explain/", admin.site.admin_view(explain_view), name="rules_rule_explain")]


def explain_view(request: HttpRequest, rule_id: int) -> HttpResponse:
    """GET with `payment` (an id) and, if wanted, `version` (a number)."""
    rule = get_object_or_404(Rule, pk=rule_id)
    if not (request.user.has_perm("rules.view_rule") and request.user.has_perm("ledger.view_transaction")):
        raise PermissionDenied
    number, asked = request.GET.get("version", ""), request.GET.get("payment", "").strip()
    version = rule.versions.filter(number=int(number)).first() if number.isdecimal() else rule_latest_version(rule)
    if version is None:
        raise Http404("There is no such version.")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"{rule.code} on one payment",
        "rule": rule,
        "version": version,
        "asked": asked,
        "examples": _examples(rule),
    }
    try:
        definition = rule_definition(version)
    except InvalidExpression as error:
        context["problem"] = f"This version cannot be read any more. {error.detail}"
    else:
        context |= _explained(request, definition, asked) if asked else {}
    return TemplateResponse(request, "admin/rules/simulation/explain.html", context)


def _explained(request: HttpRequest, rule: RuleDefinition, asked: str) -> dict[str, Any]:
    transaction_id = uuid_in("txn", asked)
    payment = Transaction.objects.filter(pk=transaction_id).first() if transaction_id else None
    if payment is None:
        return {"problem": "There is no payment with this id. Write the whole id: txn_ and 32 letters and digits."}
    found = payment_explain(rule=rule, payment=payment)
    may_see_personal = request.user.has_perm("ledger.view_personaldetail")
    return {
        "found": found,
        "payment": payment,
        "lines": [_shown(line, payment.currency, may_see_personal=may_see_personal) for line in found.lines],
        "lacking": [BY_NAME[name].words for name in found.lacking],
    }


def _shown(line: Line, currency: str, *, may_see_personal: bool) -> ShownLine:
    values = [
        (BY_NAME[name].words, value_words(name, value, currency, may_see_personal=may_see_personal))
        for name, value in line.values.items()
    ]
    return ShownLine(line, _ANSWERS[line.answer.value], values)


def value_words(name: str, value: Value, currency: str, *, may_see_personal: bool, is_revealed: bool = False) -> str:
    """A value that a rule looked at; a personal one masked, or not at all."""
    if name not in PERSONAL_FIELDS or value is None:
        return feature_words(BY_NAME[name], value, currency)
    if not may_see_personal:
        return "shown to those who may view personal details"
    return str(value) if is_revealed else mask(name, value)


def _examples(rule: Rule) -> list[str]:
    """Of the latest result."""
    latest = Simulation.objects.filter(version__rule=rule, state=Simulation.State.DONE).first()
    return (
        [f"txn_{each['id'].replace('-', '')}" for each in latest.result["examples"]]
        if latest and latest.result
        else []
    )
