"""The dashboard: a page for whoever answers for money, load and quality."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboard.domain.periods import NAMED
from dashboard.selectors.figures import currencies, figures_read, freshness
from dashboard.start_page import champion
from dashboard.views.asked import Asked, asked
from dashboard.views.shown import shown

_PERIOD_WORDS = {"24h": "24 hours", "7d": "7 days", "30d": "30 days"}


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("dashboard.view_dashboard"):
        raise PermissionDenied
    now = timezone.now()
    wanted = asked(request.GET, now=now)
    figures = figures_read(wanted.period, wanted.filters, now=now)
    context = {
        **admin.site.each_context(request),
        "title": "Dashboard",
        "now": now,
        **_freshness(now),
        **_choices(wanted),
        **shown(figures, wanted.period, wanted.filters, request.user),
        "champion": champion() if request.user.has_perm("scoring.view_modelversion") else None,
        "may_export": request.user.has_perm("dashboard.export_facts") and wanted.filters.livemode,
    }
    return TemplateResponse(request, "dashboard/overview.html", context)


def _freshness(now: datetime) -> dict[str, Any]:
    found = freshness()
    return {"fresh": found, "is_behind": found is not None and found.is_behind(now)}


def _choices(wanted: Asked) -> dict[str, Any]:
    """What else can be asked for; what the page is narrowed to stays when the period changes."""
    narrowing = wanted.narrowing
    return {
        "asked": wanted,
        "query": f"{wanted.period.query}{narrowing}",
        "wide_url": f"?{wanted.period.query}{wanted.widened.narrowing}",
        "periods": [
            (f"?period={name}{narrowing}", _PERIOD_WORDS[name], name == wanted.period.name) for name in NAMED
        ],
        "currencies": currencies(),
        "first_day": wanted.period.start.date(),
        "last_day": (wanted.period.end - (wanted.period.step if not wanted.period.name else timedelta())).date(),
    }
