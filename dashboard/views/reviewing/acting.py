"""What everything done to a case shares: who may, by POST only, and what a refusal looks like."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from dashboard.views.reviewing.verdict_bar import verdict_bar
from ledger.errors import CaseUnknown, TransactionUnknown
from ledger.models import Case
from ledger.services.cases.locking import case_next
from sentinel.core.errors import SentinelError

PASSED_MAX = 20

Work = Callable[[HttpRequest, UUID, datetime], HttpResponse]


def acts_on_case(panel: str) -> Callable[[Work], Callable[[HttpRequest, UUID], HttpResponse]]:
    """A view that changes a case. When a service refuses, nothing was written: the bar is shown with its words and
    with what was typed in the panel.
    """

    def decorate(work: Work) -> Callable[[HttpRequest, UUID], HttpResponse]:
        @wraps(work)
        def view(request: HttpRequest, case_id: UUID) -> HttpResponse:
            may_or_refuse(request, "ledger.work_case")
            if request.method != "POST":  # such as after a log-in in between
                return redirect("admin:case", case_id)
            now = timezone.now()
            try:
                return work(request, case_id, now)
            except (CaseUnknown, TransactionUnknown) as unknown:
                raise Http404 from unknown
            except SentinelError as refusal:
                return refused(request, case_id, refusal, panel=panel, now=now)

        return view

    return decorate


def may_or_refuse(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied


def refused(
    request: HttpRequest, case_id: UUID, refusal: SentinelError, *, panel: str, now: datetime
) -> HttpResponse:
    """A page with the words of the refusal, and the bar as it was filled in."""
    case = Case.objects.select_related("transaction", "locked_by", "assignee").filter(pk=case_id).first()
    if case is None:
        raise Http404
    words = [error.message for error in refusal.errors] or [refusal.detail]
    context = {
        **admin.site.each_context(request),
        "title": "Nothing was changed",
        "case": case,
        "words": words,
        **verdict_bar(request.user, case, now, panel=panel, typed=request.POST.dict()),
    }
    return TemplateResponse(request, "dashboard/reviewing/refused.html", context)


def go_on(request: HttpRequest, *, livemode: bool, passed: Iterable[UUID] = (), now: datetime) -> HttpResponse:
    """To the next case, now one's own; to the queue when there is none. Cases passed over stay so for a while."""
    left_out = list(passed)[-PASSED_MAX:]
    case = case_next(user=request.user, livemode=livemode, passed=left_out, now=now)
    if case is None:
        messages.info(request, "No case is left that waits for you.")
        return redirect("admin:queue")
    query = f"?{urlencode({'passed': ','.join(each.hex for each in left_out)})}" if left_out else ""
    return redirect(f"{reverse('admin:case', args=[case.pk])}{query}")


def ids_in(texts: Iterable[str]) -> list[UUID]:
    """The ids in texts such as "0198…,0199…", each once; what is none is left out."""
    found: dict[UUID, Any] = {}
    for part in (part for text in texts for part in text.split(",")):
        try:
            found[UUID(part.strip())] = None
        except ValueError:
            continue
    return list(found)
