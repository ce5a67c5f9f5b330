"""What waits for reviewers, who works on it, and what they decided."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from dashboard.domain.periods import Period
from dashboard.selectors.rolled import Filters

# How old an open case is; the last has no upper end.
AGES: tuple[tuple[str, timedelta], ...] = (
    ("under 1 hour", timedelta(hours=1)),
    ("1 to 4 hours", timedelta(hours=4)),
    ("4 to 24 hours", timedelta(hours=24)),
    ("1 to 3 days", timedelta(days=3)),
)
OLDEST = "over 3 days"

_KIND = "livemode = %(livemode)s AND (%(currency)s = '' OR currency = %(currency)s)"
_OPEN = f"""
SELECT width_bucket(extract(epoch FROM %(now)s - opened_at)::float8, %(ages)s::float8[]), currency, count(*),
    count(*) FILTER (WHERE due_at <= %(now)s), count(*) FILTER (WHERE escalated_at IS NOT NULL),
    count(*) FILTER (WHERE snoozed_until IS NOT NULL), count(*) FILTER (WHERE assignee_id IS NULL),
    sum(amount_minor), min(opened_at)
FROM ledger_case WHERE decided_at IS NULL AND {_KIND}
GROUP BY 1, 2
"""  # noqa: S608 - our own words
# Whoever has work, or a case open in front of them.
_LOAD = f"""
SELECT u.username, sum(assigned), sum(overdue), sum(locked) FROM (
    SELECT assignee_id AS person, count(*) AS assigned, count(*) FILTER (WHERE due_at <= %(now)s) AS overdue,
        0 AS locked
    FROM ledger_case WHERE decided_at IS NULL AND assignee_id IS NOT NULL AND {_KIND} GROUP BY 1
    UNION ALL SELECT locked_by_id, 0, 0, count(*)
    FROM ledger_case WHERE decided_at IS NULL AND locked_until > %(now)s AND locked_by_id IS NOT NULL AND {_KIND}
    GROUP BY 1
) work JOIN auth_user u ON u.id = work.person
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""  # noqa: S608 - our own words
_DECIDED = f"""
SELECT resolved_by, count(*), count(*) FILTER (WHERE outcome_code = 'review.declined'),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM resolved_at - recorded_at)),
    count(*) FILTER (WHERE is_fraud), count(*) FILTER (WHERE NOT is_fraud),
    count(*) FILTER (WHERE is_fraud AND outcome_code = 'review.declined'),
    count(*) FILTER (WHERE NOT is_fraud AND outcome_code = 'review.declined')
FROM dashboard_decisionfact
WHERE resolved_at >= %(start)s AND resolved_at < %(end)s AND outcome_code IN ('review.approved', 'review.declined')
    AND {_KIND}
GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s
"""  # noqa: S608 - our own words
_PEOPLE_MAX = 100


@dataclass(frozen=True, slots=True)
class Queue:
    """Open cases now, whatever the period: by age with those that are overdue, and the money of each currency."""

    by_age: tuple[tuple[str, int, int], ...]  # words, cases, overdue
    money: tuple[tuple[str, int, int], ...]  # currency, cases, amount_minor
    escalated: int
    snoozed: int
    unassigned: int
    oldest: datetime | None

    @property
    def count(self) -> int:
        return sum(count for _, count, _ in self.by_age)

    @property
    def overdue(self) -> int:
        return sum(overdue for _, _, overdue in self.by_age)


@dataclass(frozen=True, slots=True)
class Load:
    """What one person has to do now."""

    name: str
    assigned: int
    overdue: int
    locked: int


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
    rows = _ask(_OPEN, filters, {"now": now, "ages": [0.0, *ages]})
    words = [*(name for name, _ in AGES), OLDEST]
    by_age = dict.fromkeys(words, (0, 0))
    money: dict[str, tuple[int, int]] = {}
    for place, currency, count, overdue, *_, amount_minor, _ in rows:
        name = words[max(place - 1, 0)]
        by_age[name] = by_age[name][0] + count, by_age[name][1] + overdue
        before = money.get(currency, (0, 0))
        money[currency] = before[0] + count, before[1] + int(amount_minor)
    return Queue(
        tuple((name, *counts) for name, counts in by_age.items()),
        tuple((currency, *sums) for currency, sums in sorted(money.items())),
        escalated=sum(row[4] for row in rows),
        snoozed=sum(row[5] for row in rows),
        unassigned=sum(row[6] for row in rows),
        oldest=min((row[-1] for row in rows), default=None),
    )


def loads(filters: Filters, *, now: datetime) -> list[Load]:
    """Whoever has most first, a hundred at most."""
    rows = _ask(_LOAD, filters, {"now": now, "most": _PEOPLE_MAX})
    return [Load(name, int(assigned), int(overdue), int(locked)) for name, assigned, overdue, locked in rows]


def reviewers(period: Period, filters: Filters) -> list[Reviewer]:
    """The busiest first, a hundred at most."""
    span = {"start": period.start, "end": period.end, "most": _PEOPLE_MAX}
    return [Reviewer(*row) for row in _ask(_DECIDED, filters, span)]


def all_of(found: list[Reviewer]) -> Reviewer:
    """All reviewers together, without a median."""
    names = ("decided", "declined", "fraud", "legitimate", "declined_fraud", "declined_legitimate")
    sums = {name: sum(getattr(each, name) for each in found) for name in names}
    return Reviewer("all", median_seconds=0.0, **sums)


def _ask(query: str, filters: Filters, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, {"currency": filters.currency, "livemode": filters.livemode, **values})
        return list(cursor.fetchall())
