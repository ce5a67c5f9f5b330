"""Readings for people and machines: the newest of each figure, and how it has been."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection

from dashboard.domain.system_figures import FIGURES, Figure, Limit, limits_in_force
from dashboard.models import FigureLimit, Reading, SystemAlarm
from dashboard.selectors.request_minutes import MINUTE

# What is older is no reading of now: nobody measures.
NOW = timedelta(minutes=6)
SUBJECTS_MAX = 100
_NEWEST = """
SELECT DISTINCT ON (figure, subject) figure, subject, minute, value FROM dashboard_reading
WHERE minute >= %s ORDER BY figure, subject, minute DESC LIMIT 1000
"""
_SERIES = """
SELECT date_bin(%(step)s, minute, %(start)s) AS at, max(value) FROM dashboard_reading
WHERE figure = %(figure)s AND subject = %(subject)s AND minute >= %(start)s AND minute < %(end)s GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure as it was last read, with what holds for it."""

    figure: Figure
    subject: str
    value: float
    at: datetime
    limit: Limit

    @property
    def is_past(self) -> bool:
        return self.limit.value is not None and self.value >= self.limit.value

    @property
    def told(self) -> str:
        return self.figure.told(self.value)


def limits_now() -> dict[str, Limit]:
    set_by_people = {row.figure: Limit(row.limit, row.minutes) for row in FigureLimit.objects.all()}
    return limits_in_force(settings.MONITORING_LIMITS, set_by_people)


def newest_readings(now: datetime) -> list[Measured]:
    """In the order of the catalogue. Empty when nobody has measured of late."""
    limits, order = limits_now(), list(FIGURES)
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [now - NOW])
        rows = cursor.fetchall()
    found = [
        Measured(FIGURES[figure], subject, value, at, limits[figure])
        for figure, subject, at, value in rows
        if figure in FIGURES
    ]
    return sorted(found, key=lambda each: (order.index(each.figure.name), each.subject))


def subjects_of(figure: str, *, start: datetime, end: datetime) -> list[str]:
    found = Reading.objects.filter(figure=figure, minute__gte=start, minute__lt=end).order_by("subject")
    return list(found.values_list("subject", flat=True).distinct()[:SUBJECTS_MAX])


def series(
    figure: str, subject: str, *, start: datetime, end: datetime, step: timedelta = MINUTE
) -> list[tuple[datetime, float | None]]:
    """The highest of each step, and None where nobody has measured."""
    with connection.cursor() as cursor:
        asked: dict[str, Any] = {"figure": figure, "subject": subject, "start": start, "end": end, "step": step}
        cursor.execute(_SERIES, asked)
        found = dict(cursor.fetchall())
    places = [start + step * number for number in range(-(-(end - start) // step))]
    return [(at, found.get(at)) for at in places]


def alarms_open() -> Sequence[SystemAlarm]:
    return list(SystemAlarm.objects.filter(closed_at__isnull=True))
