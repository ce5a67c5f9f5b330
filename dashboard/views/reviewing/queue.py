"""The queue: cases in the order in which they are best worked."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboard.views.reviewing.queue_asked import Asked, asked
from dashboard.views.reviewing.queue_shown import shown
from ledger.models import Case
from ledger.selectors.case_mark import cases_mark
from ledger.selectors.cases import (
    COUNT_MAX,
    LOOKED_AT_MAX,
    PAGE_ROWS,
    PAGE_ROWS_MAX,
    CasePage,
    Tab,
    cases_counts,
    cases_page,
)
from sentinel.core.errors import InvalidRequest

_TAB_WORDS = {
    Tab.OPEN: "Open",
    Tab.MINE: "Mine",
    Tab.ESCALATED: "Escalated",
    Tab.SNOOZED: "Snoozed",
    Tab.DECIDED: "Decided",
}


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    now, seen = timezone.now(), cases_mark()  # the mark first: what changes in between is told once more
    context = {
        **_list(request, now),
        **admin.site.each_context(request),
        "title": "Queue",
        "may_manage": request.user.has_perm("ledger.manage_case"),
        "kinds": [(kind.value, kind.label) for kind in Case.Kind],
        "seen": seen,
        "has_stream": isinstance(request, ASGIRequest),
    }
    return TemplateResponse(request, "dashboard/reviewing/queue.html", context)


@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The same rows and counts without the page around them, for htmx."""
    return TemplateResponse(request, "dashboard/reviewing/queue_rows.html", _list(request, timezone.now()))


def _list(request: HttpRequest, now: datetime) -> dict[str, Any]:
    if not request.user.has_perm("ledger.view_case"):
        raise PermissionDenied
    wanted, page = _page(request, asked(request.GET), now)
    return {
        "asked": wanted,
        "tabs": _tabs(request, wanted),
        "tab": wanted.tab.value,
        "rows": shown(page.rows, user=request.user, now=now),
        "page": page,
        "looked_at": f"{LOOKED_AT_MAX:,}",
        "more": _more(wanted, page),
        "query": wanted.query(),
        "may_work": request.user.has_perm("ledger.work_case"),
        "may_see_account": request.user.has_perm("ledger.view_account"),
        "now": now,
    }


def _page(request: HttpRequest, wanted: Asked, now: datetime) -> tuple[Asked, CasePage]:
    def read(wanted: Asked) -> CasePage:
        return cases_page(
            tab=wanted.tab,
            livemode=wanted.livemode,
            user_id=request.user.pk or 0,
            now=now,
            narrowed=wanted.narrowed,
            cursor=wanted.cursor,
            limit=wanted.rows,
        )

    try:
        return wanted, read(wanted)
    except InvalidRequest as error:
        wanted = wanted.without_cursor(error.detail)
        return wanted, read(wanted)


def _tabs(request: HttpRequest, wanted: Asked) -> list[dict[str, Any]]:
    """Filters stay when the tab changes. The decided are not counted: they only become more."""
    counts = cases_counts(livemode=wanted.livemode, user_id=request.user.pk or 0)
    return [
        {
            "url": wanted.query(tab=tab.value, cursor=None, rows=None),
            "words": words,
            "count": _count_words(counts[tab]) if tab in counts else "",
            "is_shown": tab is wanted.tab,
        }
        for tab, words in _TAB_WORDS.items()
    ]


def _count_words(count: int) -> str:
    return f"{COUNT_MAX}+" if count > COUNT_MAX else str(count)


def _more(wanted: Asked, page: CasePage) -> dict[str, str] | None:
    """The same list with more rows, which htmx puts in its place; behind the longest list, the next one."""
    if page.cursor is None:
        return None
    behind = wanted.query(cursor=page.cursor, rows=None)
    is_longest = page.is_cut or wanted.rows >= PAGE_ROWS_MAX
    return {"url": behind, "longer": "" if is_longest else wanted.query(rows=wanted.rows + PAGE_ROWS)}
