"""What waits for reviewers, and what they did."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from dashboard.domain.periods import Period
from dashboard.selectors.rolled import Filters

# How old an open review is; the last has no upper end.
AGES: tuple[tuple[str, timedelta], ...] = (
    ("under 1 hour", timedelta(hours=1)),
    ("1 to 4 hours", timedelta(hours=4)),
    ("4 to 24 hours", timedelta(hours=24)),
    ("1 to 3 days", timedelta(days=3)),
)
OLDEST = "over 3 days"

_OPEN = """
SELECT width_bucket(extract(epoch FROM %(now)s - recorded_at)::float8, %(ages)s::float8[]), currency, count(*),
    sum(amount_minor), min(recorded_at)
FROM dashboard_decisionfact WHERE outcome_code = 'review.held' AND (%(currency)s = '' OR currency = %(currency)s)
GROUP BY 1, 2
"""
_DECIDED = """
SELECT resolved_by, count(*), count(*) FILTER (WHERE outcome_code = 'review.declined'),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - recorded_at)),
    count(*) FILTER (WHERE is_fraud), count(*) FILTER (WHERE NOT is_fraud),
    count(*) FILTER (WHERE is_fraud AND outcome_code = 'review.declined'),
    count(*) FILTER (WHERE NOT is_fraud AND outcome_code = 'review.declined')
FROM dashboard_decisionfact
WHERE resolved_at >= %(start)s AND resolved_at < %(end)s AND outcome_code IN ('review.approved', 'review.declined')
    AND (%(currency)s = '' OR currency = %(currency)s)
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""
_REVIEWERS_MAX = 100


@dataclass(frozen=True, slots=True)
class Queue:
    """Open reviews now, whatever the period: by age, and the money of each currency."""

    by_age: tuple[tuple[str, int], ...]
    money: tuple[tuple[str, int, int], ...]  # currency, reviews, amount_minor
    oldest: datetime | None

    @property
    def count(self) -> int:
        return sum(count for _, count in self.by_age)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """What one person decided in the period, approving or declining."""

    name: str
    decided: int
    declined: int
    median_seconds: float
    fraud: int
    legitimate: int
    declined_fraud: int
    declined_legitimate: int

    @property
    def precision(self) -> float | None:
        """Of what was reviewed and has a label, the share that is fraud; None without labels."""
        labelled = self.fraud + self.legitimate
        return self.fraud / labelled if labelled else None

    @property
    def declined_precision(self) -> float | None:
        labelled = self.declined_fraud + self.declined_legitimate
        return self.declined_fraud / labelled if labelled else None


def queue(filters: Filters, *, now: datetime) -> Queue:
    ages = [age.total_seconds() for _, age in AGES]
    rows = _ask(_OPEN, {"now": now, "ages": [0.0, *ages], "currency": filters.currency})
    words = [*(name for name, _ in AGES), OLDEST]
    by_age = dict.fromkeys(words, 0)
    money: dict[str, tuple[int, int]] = {}
    for place, currency, count, amount_minor, _ in rows:
        by_age[words[max(place - 1, 0)]] += count
        before = money.get(currency, (0, 0))
        money[currency] = before[0] + count, before[1] + int(amount_minor)
    return Queue(
        tuple(by_age.items()),
        tuple((currency, *sums) for currency, sums in sorted(money.items())),
        min((row[-1] for row in rows), default=None),
    )


def reviewers(period: Period, filters: Filters) -> list[Reviewer]:
    """The busiest first, a hundred at most."""
    span = {"start": period.start, "end": period.end, "currency": filters.currency, "most": _REVIEWERS_MAX}
    return [Reviewer(*row) for row in _ask(_DECIDED, span)]


def all_of(found: list[Reviewer]) -> Reviewer:
    """All reviewers together, without a median."""
    names = ("decided", "declined", "fraud", "legitimate", "declined_fraud", "declined_legitimate")
    sums = {name: sum(getattr(each, name) for each in found) for name in names}
    return Reviewer("all", median_seconds=0.0, **sums)


def _ask(query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
