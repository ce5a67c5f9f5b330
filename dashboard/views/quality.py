"""Data quality: what gateway clients leave out, what is refused of them, and what stands far off the usual."""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboard.views.quality_shown import client_row, day_rows, field_rows, finding_rows, refusal_rows
from scoring.domain.quality import USUAL_DAYS
from scoring.models import QualityFinding, RefusedRequest
from scoring.selectors.quality import quality_days
from sentinel.api.models import GatewayClient

CLIENTS_MAX = 200
FINDINGS_MAX = 50
REFUSED_SHOWN = 50


@require_GET
def data_quality(request: HttpRequest) -> HttpResponse:
    """All clients that sent anything within the last days, those with the most to look at first."""
    _must_see(request)
    now = timezone.now()
    today, found = now.date(), quality_days(now.date())
    findings = list(QualityFinding.objects.filter(closed_at=None).select_related("client")[:FINDINGS_MAX])
    clients = GatewayClient.objects.in_bulk(list(found))
    rows = [client_row(clients[each], days, findings, today) for each, days in found.items()]
    rows.sort(key=lambda row: (-row.findings, -row.refused_share, -row.requests, row.client.name))
    context = {
        **_shared(request, now, "Data quality"),
        "rows": rows[:CLIENTS_MAX],
        "left_out": len(rows[CLIENTS_MAX:]),
        "findings": finding_rows(findings),
    }
    return TemplateResponse(request, "dashboard/quality/clients.html", context)


@require_GET
def client_quality(request: HttpRequest, client_id: UUID) -> HttpResponse:
    """One client, by day and by field, with its last refused requests for whoever may see clients."""
    _must_see(request)
    now, client = timezone.now(), get_object_or_404(GatewayClient, pk=client_id)
    days = quality_days(now.date(), [client_id]).get(client_id, {})
    findings = list(QualityFinding.objects.filter(client=client)[:FINDINGS_MAX])
    may_see_refused = request.user.has_perm("scoring.view_refusedrequest")
    context = {
        **_shared(request, now, f"Data quality of {client.name}"),
        "client": client,
        "findings": finding_rows([each for each in findings if each.closed_at is None]),
        "past_findings": finding_rows([each for each in findings if each.closed_at is not None]),
        "days": day_rows(days, last_days(now.date())),
        "fields": field_rows(days, last_days(now.date()), now.date()),
        "refusals": refusal_rows(days, now.date()),
        "may_see_refused": may_see_refused,
        "refused": list(RefusedRequest.objects.filter(client=client)[:REFUSED_SHOWN]) if may_see_refused else [],
    }
    return TemplateResponse(request, "dashboard/quality/client.html", context)


def last_days(today: date) -> list[date]:
    """The days that are shown, the oldest first."""
    return [today - timedelta(days=ago) for ago in range(USUAL_DAYS, -1, -1)]


def _must_see(request: HttpRequest) -> None:
    if not request.user.has_perm("scoring.view_qualitycount"):
        raise PermissionDenied


def _shared(request: HttpRequest, now: datetime, title: str) -> dict[str, object]:
    return {**admin.site.each_context(request), "title": title, "now": now, "usual_days": USUAL_DAYS}
