"""One verdict for many cases: look at them, say it once, and again when they are more than twenty."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from dashboard.views.reviewing.acting import ids_in, may_or_refuse
from dashboard.views.reviewing.verdicts import given_read
from dashboard.views.reviewing.words import DID, DOES
from ledger.domain.cases import REASON_WORDS, Verdict, verdicts_for
from ledger.models import Case
from ledger.selectors.similar_cases import cases_alike, cases_together
from ledger.services.cases.locking import taken_words
from ledger.services.cases.verdicts import (
    NOTE_CHARACTERS_MAX,
    TOGETHER_MAX,
    Given,
    Together,
    given_check,
    verdicts_give_together,
    verdicts_undo_together,
)
from sentinel.core.errors import InvalidRequest
from sentinel.core.ids import public_id

CONFIRMED_ABOVE = 20


@dataclass(frozen=True, slots=True)
class Total:
    """Money is never summed over currencies."""

    currency: str
    amount_minor: int
    cases: int


def together(request: HttpRequest) -> HttpResponse:
    """GET with `ids`, or with `like`, the id of a case. POST with `ids` gives the verdict, or with `undo` takes it
    back.
    """
    may_or_refuse(request, "ledger.work_case")
    now = timezone.now()
    if request.method != "POST":
        return _page(request, _asked_for(request, now), now)
    chosen = ids_in(request.POST.getlist("ids"))
    if "undo" in request.POST:
        return _undo(request, chosen, now)
    try:
        given = given_read(request.POST.dict())
        given_check(given)
        if _is_to_confirm(request, chosen):
            return _page(request, chosen, now, asked=given)
        came = verdicts_give_together(case_ids=chosen, given=given, user=request.user, now=now)
    except InvalidRequest as refusal:
        return _page(request, chosen, now, refusal=refusal)
    return _show(request, "dashboard/reviewing/together_done.html", _came(given, came))


def _asked_for(request: HttpRequest, now: datetime) -> list[UUID]:
    if "like" not in request.GET:
        return ids_in(request.GET.getlist("ids"))
    case = Case.objects.filter(pk__in=ids_in([request.GET["like"]])[:1]).first()
    if case is None:
        raise Http404
    return cases_alike(case=case, user=request.user, now=now)


def _is_to_confirm(request: HttpRequest, chosen: Sequence[UUID]) -> bool:
    """More than twenty are asked about once more; the answer is for as many."""
    return CONFIRMED_ABOVE < len(chosen) <= TOGETHER_MAX and request.POST.get("confirmed") != str(len(chosen))


def _page(
    request: HttpRequest,
    chosen: Sequence[UUID],
    now: datetime,
    *,
    asked: Given | None = None,
    refusal: InvalidRequest | None = None,
) -> HttpResponse:
    """The cases and the form; with `asked` the question whether that is meant."""
    cases = _cases(chosen)
    context = {
        "now": now,
        "cases": [(case, _why_not(case, request.user, now)) for case in cases],
        "ids": [case.pk.hex for case in cases],
        "totals": _totals(cases),
        "choices": _choices(cases),
        "reasons": REASON_WORDS.items(),
        "note_max": NOTE_CHARACTERS_MAX,
        "most": TOGETHER_MAX,
        "left_out": max(0, len(chosen) - TOGETHER_MAX),
        "typed": request.POST.dict(),
        "errors": [error.message for error in refusal.errors] if refusal else [],
        "asked": asked,
        "does": DOES[asked.verdict] if asked else "",
        "reason_words": REASON_WORDS.get(asked.reason, "") if asked else "",
        "back_url": f"{reverse('admin:cases_together')}?ids={','.join(case.pk.hex for case in cases)}",
    }
    return _show(request, "dashboard/reviewing/together.html", context)


def _undo(request: HttpRequest, chosen: Sequence[UUID], now: datetime) -> HttpResponse:
    came = verdicts_undo_together(case_ids=chosen, user=request.user, now=now)
    if came.given:
        messages.success(request, f"Taken back: {_count(came.given)}.")
    if came.refused:
        names = ", ".join(public_id("txn", each) for each in came.refused)
        messages.error(request, f"{_count(came.refused)} could not be taken back any more: {names}.")
    return redirect("admin:queue")


def _cases(chosen: Sequence[UUID]) -> list[Case]:
    return list(cases_together(chosen[:TOGETHER_MAX]))


def _came(given: Given, came: Together) -> dict[str, Any]:
    cases = _cases(came.given)
    return {
        "did": DID[given.verdict].rstrip(":"),
        "given": cases,
        "totals": _totals(cases),
        "refused": [(each, public_id("txn", each), words) for each, words in came.refused.items()],
    }


def _totals(cases: Iterable[Case]) -> list[Total]:
    amounts: dict[str, list[int]] = {}
    for case in cases:
        amounts.setdefault(case.currency, []).append(case.amount_minor)
    return [Total(currency, sum(minors), len(minors)) for currency, minors in sorted(amounts.items())]


def _choices(cases: Sequence[Case]) -> list[tuple[str, str]]:
    """The verdicts that fit, and how many cases each is for where there are two kinds."""
    found: list[tuple[str, str]] = []
    for kinds, words in ((("hold",), "held"), (("sample", "opened"), "without a hold")):
        count = sum(case.kind in kinds for case in cases)
        some = f" ({count} {words})" if count < len(cases) else ""
        found += [(each.value, f"{DOES[each]}{some}") for each in verdicts_for(kinds[0]) if count]
    return found


def _why_not(case: Case, user: Any, now: datetime) -> str:
    """Why the verdict would not be taken; it is asked again when it is given."""
    pending = getattr(case, "pending_verdict", None)
    if pending is not None and not pending.error:
        return f"{pending.actor_name} was faster: {DOES[Verdict(pending.verdict)].lower()}."
    return taken_words(case, user=user, now=now) or ""


def _count(cases: Iterable[Any]) -> str:
    count = len(list(cases))
    return f"{count} case{'' if count == 1 else 's'}"


def _show(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    whole = {**admin.site.each_context(request), "title": "Together", **context}
    return TemplateResponse(request, template, whole)
