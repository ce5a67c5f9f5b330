"""System status: one page that says what is wrong, and how the system has been for a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from dashboard.domain.system_figures import DOWN, FIGURES
from dashboard.models import FigureLimit, KeptWarning, SystemAlarm
from dashboard.selectors.monitoring import Measured, alarms_open, newest_readings, series, subjects_of
from dashboard.views.chart_cards import Chart, Table
from dashboard.views.charts import Line, lines
from ledger.admin.words import NOTHING, zone_words
from sentinel.ops.health import ProbeResult, run_probes
from sentinel.ops.views import sentence

DAY, STEP = timedelta(days=1), timedelta(minutes=15)
WARNINGS_SHOWN, ALARMS_SHOWN, LINES_MAX = 8, 8, 3
_KINDS = ("p50", "p95", "p99")  # the colours of lines
# Beside a picture there is room for a short one.
_SHORT_UNITS = {"per second": "/s", "messages": ""}
# A card each: its name, its title, and the figures whose lines stand in it.
_CARDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("requests", "Requests", ("request_rate", "payment_rate")),
    ("times", "How long payments take", ("payment_ms_p50", "payment_ms_p95", "payment_ms_p99")),
    ("trouble", "What went wrong", ("error_percent", "degraded_percent")),
    ("queues", "Messages waiting", ("queue_depth",)),
    ("outbox", "How old the oldest is", ("outbox_age_seconds", "delivery_age_seconds", "facts_age_seconds")),
    ("cpu", "Processor", ("cpu_percent",)),
    ("memory", "Memory", ("memory_percent",)),
    ("disk", "Disk", ("disk_percent",)),
)


@require_GET
def system_status(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("dashboard.view_systemalarm"):
        raise PermissionDenied
    now = timezone.now()
    measured, probes = newest_readings(now), run_probes()
    alarms = alarms_open()
    context = {
        **admin.site.each_context(request),
        "title": "System status",
        "now": now,
        "is_well": all(result.is_well for result in probes) and not alarms,
        "sentence": _sentence(probes, len(alarms)),
        "probes": probes,
        "alarms": alarms[:ALARMS_SHOWN],
        "alarms_left_out": max(0, len(alarms) - ALARMS_SHOWN),
        "alarms_over": SystemAlarm.objects.filter(closed_at__gte=now - DAY)[:ALARMS_SHOWN],
        "measured_at": max((each.at for each in measured), default=None),
        "figures": _rows(measured, may_change=request.user.has_perm("dashboard.add_figurelimit")),
        "charts": _charts(now),
        "warnings": KeptWarning.objects.all()[:WARNINGS_SHOWN],
    }
    return TemplateResponse(request, "dashboard/system_status.html", context)


def _sentence(probes: Sequence[ProbeResult], alarms: int) -> str:
    if not alarms:
        return sentence(list(probes))
    services = "Every service answers." if all(each.is_well for each in probes) else sentence(list(probes))
    return f"{services} {alarms} alarm{'' if alarms == 1 else 's'} {'is' if alarms == 1 else 'are'} open."


@dataclass(frozen=True, slots=True)
class Row:
    """A figure as the table shows it."""

    words: str
    subject: str
    told: str
    limit: str
    is_past: bool
    change_url: str


def _rows(measured: Sequence[Measured], *, may_change: bool) -> list[Row]:
    """Services have a table of their own."""
    changed = set(FigureLimit.objects.values_list("pk", flat=True)) if may_change else set()
    return [
        Row(
            words=each.figure.words,
            subject=each.subject,
            told=each.told,
            limit=_limit_words(each),
            is_past=each.is_past,
            change_url=_change_url(each.figure.name, changed) if may_change else "",
        )
        for each in measured
        if each.figure.name != DOWN
    ]


def _limit_words(measured: Measured) -> str:
    limit = measured.limit
    if limit.value is None:
        return "never"
    past = f"{measured.figure.told(limit.value)} for " if measured.figure.unit else ""
    return f"{past}{limit.minutes} min"


def _change_url(figure: str, changed: set[str]) -> str:
    if figure in changed:
        return reverse("admin:dashboard_figurelimit_change", args=[figure])
    return f"{reverse('admin:dashboard_figurelimit_add')}?{urlencode({'figure': figure})}"


def _charts(now: datetime) -> list[Chart]:
    """Of the last day; one that has nothing to show is left out."""
    end = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + STEP
    found = [_chart(name, title, figures, end - DAY, end) for name, title, figures in _CARDS]
    return [chart for chart in found if chart is not None]


def _chart(name: str, title: str, figures: Sequence[str], start: datetime, end: datetime) -> Chart | None:
    named = [(figure, subject) for figure in figures for subject in subjects_of(figure, start=start, end=end)]
    drawn = [
        (
            _line_words(figure, subject, alone=len(figures) == 1),
            series(figure, subject, start=start, end=end, step=STEP),
        )
        for figure, subject in named[:LINES_MAX]
    ]
    if not drawn:
        return None
    unit = FIGURES[figures[0]].unit
    places = [f"{timezone.localtime(at):%-d %b %H:%M}" for at, _ in drawn[0][1]]
    colours = [
        Line(kind, words, [value for _, value in points])
        for kind, (words, points) in zip(_KINDS, drawn, strict=False)
    ]
    short = _SHORT_UNITS.get(unit, unit)
    picture = lines(f"{title} in the last day, {unit}", places, colours, short, nothing="not measured")
    rows = [
        (place, *(NOTHING if line.values[number] is None else f"{line.values[number]:,.1f}" for line in colours))
        for number, place in enumerate(places)
    ]
    left_out = f" And {len(named) - LINES_MAX} more." if len(named) > LINES_MAX else ""
    told = unit if unit.startswith("per ") else f"in {unit}"
    what = f"The highest of each quarter of an hour, {told}.{left_out}"
    table = Table((f"When ({zone_words()})", *(line.words for line in colours)), rows)
    return Chart(name, title, what, picture, table, [(line.kind, line.words) for line in colours])


def _line_words(figure: str, subject: str, *, alone: bool) -> str:
    return subject if alone and subject else FIGURES[figure].words
