"""Counts out of the rolled-up facts: whole days by the day, what is left of the period by the hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from dashboard.domain.figures import Count
from dashboard.domain.periods import Period
from dashboard.models import Rollup

Topic = Rollup.Topic
# Payments are rolled up by one of these at a time, so a page can be narrowed to one key of one of them.
NARROWING = (Topic.CHANNEL, Topic.COUNTRY, Topic.CATEGORY)
# For the planner three ranges of one index; for people one period.
_RANGES = """
    (grain = 'd' AND starts_at >= %(first_day)s AND starts_at < %(last_day)s
        OR grain = 'h' AND starts_at >= %(start)s AND starts_at < LEAST(%(first_day)s, %(end)s)
        OR grain = 'h' AND starts_at >= GREATEST(%(last_day)s, %(start)s) AND starts_at < %(end)s)
"""
_KIND = "livemode = %(livemode)s AND (%(currency)s = '' OR currency = %(currency)s)"
_MEASURES = "sum(payments), sum(amount_minor), sum(reversed_minor)"
_COUNTS = f"""
SELECT topic, key, currency, outcome_code, verdict, {_MEASURES} FROM dashboard_rollup
WHERE topic = ANY(%(topics)s) AND {_RANGES} AND {_KIND} GROUP BY 1, 2, 3, 4, 5
"""  # noqa: S608 - our own words
_OVER_TIME = f"""
SELECT date_trunc(%(unit)s, starts_at, 'UTC'), currency, outcome_code, verdict, {_MEASURES} FROM dashboard_rollup
WHERE topic = %(topic)s AND {_RANGES} AND key = %(key)s AND {_KIND} GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - our own words
_OF_THE_WEEK = f"""
SELECT extract(isodow FROM starts_at AT TIME ZONE 'UTC')::int, extract(hour FROM starts_at AT TIME ZONE 'UTC')::int,
    sum(payments), coalesce(sum(payments) FILTER (WHERE verdict = 'fraud'), 0)
FROM dashboard_rollup WHERE grain = 'h' AND topic = %(topic)s AND starts_at >= %(start)s AND starts_at < %(end)s
    AND key = %(key)s AND {_KIND}
GROUP BY 1, 2
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the period counts. `topic` with its `key` narrows what is read over time and by the week."""

    currency: str = ""  # empty: all of them
    livemode: bool = True
    topic: str = Topic.ALL
    key: str = ""

    @property
    def is_narrowed(self) -> bool:
        return self.topic != Topic.ALL


def counts_over_time(period: Period, filters: Filters) -> list[Count]:
    """By hour or day, as the period is drawn."""
    values = {"unit": "hour" if period.is_by_hour else "day"}
    return [
        Count("", currency, code, verdict, int(payments), int(amount), int(given_back), at)
        for at, currency, code, verdict, payments, amount, given_back in _ask(_OVER_TIME, period, filters, values)
    ]


def counts_by_topic(topics: Sequence[str], period: Period, filters: Filters) -> dict[str, list[Count]]:
    """Of the whole period, all topics in one query; never narrowed to a key."""
    found: dict[str, list[Count]] = {topic: [] for topic in topics}
    for topic, *row in _ask(_COUNTS, period, filters, {"topics": list(topics)}):
        key, currency, code, verdict, payments, amount, given_back = row
        found[topic].append(Count(key, currency, code, verdict, int(payments), int(amount), int(given_back)))
    return found


def counts_of_the_week(period: Period, filters: Filters) -> dict[tuple[int, int], tuple[int, int]]:
    """Payments and confirmed fraud by (weekday, hour), UTC; 1 is Monday."""
    rows = _ask(_OF_THE_WEEK, period, filters, {})
    return {(weekday, hour): (int(payments), int(fraud)) for weekday, hour, payments, fraud in rows}


def _ask(query: str, period: Period, filters: Filters, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    first_day, last_day = (period.end, period.end) if period.is_by_hour else period.whole_days
    span: dict[str, datetime] = {
        "start": period.start,
        "end": period.end,
        "first_day": first_day,
        "last_day": last_day,
    }
    chosen = {name: getattr(filters, name) for name in Filters.__slots__}
    with connection.cursor() as cursor:
        cursor.execute(query, {**span, **chosen, **values})
        return list(cursor.fetchall())
