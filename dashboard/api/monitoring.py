"""How the system is, for machines: the same selectors as the page's, and so the same numbers."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from dashboard.api.monitoring_schemas import ServicesOut, SystemAlarmPage, SystemMetricsOut, SystemOverviewOut
from dashboard.domain.system_figures import FIGURES, Figure
from dashboard.models import SystemAlarm
from dashboard.selectors.monitoring import Measured, limits_now, newest_readings, series, subjects_of
from ledger.domain.receipts import rfc3339
from sentinel.api.documentation import PAGE_PARAMETERS, problems
from sentinel.api.pagination import page_of, query_parameters
from sentinel.api.views import ApiView
from sentinel.core.errors import FieldError, InvalidRequest
from sentinel.core.ids import public_id
from sentinel.ops.health import run_probes
from sentinel.ops.views import sentence, word_for_unwell

TAGS = ["monitoring"]
HOURS_DEFAULT, HOURS_MAX, POINTS_MAX = 24, 720, 288
STATES = ("open", "closed")


class MonitoringView(ApiView):
    scopes = {"GET": "monitoring:read"}


class SystemOverviewView(MonitoringView):
    @extend_schema(
        operation_id="monitoring_overview",
        summary="How the system is",
        responses={200: SystemOverviewOut, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """In a sentence, with the newest reading of each figure."""
        query_parameters(request)
        probes, measured = run_probes(), newest_readings(timezone.now())
        is_well = all(result.is_well for result in probes)
        alarms = SystemAlarm.objects.filter(closed_at__isnull=True).count()
        state = word_for_unwell(probes) if not is_well else "degraded" if alarms else "healthy"
        return Response(
            {
                "state": state,
                "words": sentence(probes),
                "services_down": [result.name for result in probes if not result.is_well],
                "alarms_open": alarms,
                "measured_at": rfc3339(max(each.at for each in measured)) if measured else None,
                "figures": [_figure(each) for each in measured],
            }
        )


class ServicesView(MonitoringView):
    @extend_schema(
        operation_id="monitoring_services",
        summary="What the service depends on",
        responses={200: ServicesOut, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """Each asked within the last second, with how long its answer took."""
        query_parameters(request)
        services = [
            {
                "name": result.name,
                "state": "up" if result.is_well else "down",
                "is_critical": result.is_critical,
                "latency_ms": result.latency_ms,
                "version": result.detail if result.is_well else None,
            }
            for result in run_probes()
        ]
        return Response({"services": services})


class SystemMetricsView(MonitoringView):
    @extend_schema(
        operation_id="monitoring_metrics",
        summary="How a figure has been",
        parameters=[
            OpenApiParameter("figure", str, required=True, enum=list(FIGURES), description="Which one."),
            OpenApiParameter(
                "hours", int, description=f"The last so many hours, {HOURS_DEFAULT} unless told, at most {HOURS_MAX}."
            ),
        ],
        responses={200: SystemMetricsOut, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """One series for each machine, queue or service. Of each step the highest reading is told."""
        asked = query_parameters(request, "figure", "hours")
        figure, hours = _figure_asked(asked.get("figure", "")), _hours_asked(asked.get("hours", str(HOURS_DEFAULT)))
        step = timedelta(minutes=-(-hours * 60 // POINTS_MAX))
        end = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=1)
        start = end - timedelta(hours=hours)
        return Response(
            {
                "figure": figure.name,
                "words": figure.words,
                "unit": figure.unit,
                "limit": limits_now()[figure.name].value,
                "from": rfc3339(start),
                "to": rfc3339(end),
                "step_seconds": int(step.total_seconds()),
                "results": [
                    {"subject": subject, "points": _points(figure, subject, start, end, step)}
                    for subject in subjects_of(figure.name, start=start, end=end)
                ],
            }
        )


class SystemAlarmsView(MonitoringView):
    @extend_schema(
        operation_id="monitoring_alerts",
        summary="Alarms of the system",
        parameters=[OpenApiParameter("state", str, enum=list(STATES)), *PAGE_PARAMETERS],
        responses={200: SystemAlarmPage, **problems(400, 403)},
        tags=TAGS,
    )
    def get(self, request: Request) -> Response:
        """Newest first, those that are over too: they open and close by themselves."""
        state = query_parameters(request, "state").get("state")
        if state is not None and state not in STATES:
            raise _wrong("state", "not_a_choice", f"One of {', '.join(STATES)}.")
        found = SystemAlarm.objects.all()
        if state:
            found = found.filter(closed_at__isnull=state == "open")
        rows, links = page_of(found, request)
        return Response({**links, "results": [_alarm(row) for row in rows]})


def _figure(measured: Measured) -> dict[str, Any]:
    return {
        "name": measured.figure.name,
        "words": measured.figure.words,
        "subject": measured.subject,
        "value": round(measured.value, 3),
        "unit": measured.figure.unit,
        "limit": measured.limit.value,
        "is_past_limit": measured.is_past,
        "at": rfc3339(measured.at),
    }


def _points(figure: Figure, subject: str, start: datetime, end: datetime, step: timedelta) -> list[dict[str, Any]]:
    found = series(figure.name, subject, start=start, end=end, step=step)
    return [{"at": rfc3339(at), "value": None if value is None else round(value, 3)} for at, value in found]


def _alarm(alarm: SystemAlarm) -> dict[str, Any]:
    figure = FIGURES.get(alarm.figure)
    return {
        "id": public_id("alm", alarm.id),
        "figure": alarm.figure,
        "subject": alarm.subject,
        "state": "closed" if alarm.closed_at else "open",
        "words": alarm.words,
        "limit": alarm.limit,
        "worst": round(alarm.worst, 3),
        "last": round(alarm.last, 3),
        "unit": figure.unit if figure else "",
        "opened_at": rfc3339(alarm.opened_at),
        "closed_at": rfc3339(alarm.closed_at) if alarm.closed_at else None,
    }


def _figure_asked(name: str) -> Figure:
    if name not in FIGURES:
        raise _wrong("figure", "not_a_choice", f"One of {', '.join(FIGURES)}.")
    return FIGURES[name]


def _hours_asked(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= HOURS_MAX):
        raise _wrong("hours", "out_of_range", f"From 1 to {HOURS_MAX}.")
    return int(text)


def _wrong(field: str, code: str, words: str) -> InvalidRequest:
    return InvalidRequest(words, errors=[FieldError(field, code, words)])
