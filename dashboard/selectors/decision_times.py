"""How long decisions took, out of the hours' counts by band."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from dashboard.domain.periods import Period
from ledger.domain.decision_times import percentile_ms

SHARES = (0.5, 0.95, 0.99)
_BY_MOMENT = """
SELECT date_trunc(%(unit)s, hour, 'UTC'), band, sum(payments)::bigint FROM ledger_decisiontime
WHERE livemode = %(livemode)s AND hour >= %(start)s AND hour < %(end)s GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class DecisionTimes:
    """Milliseconds within which so many payments were decided, by SHARES; None where there were no payments."""

    payments: int
    whole: tuple[float | None, ...]
    over_time: list[tuple[float | None, ...]]  # one for each of the period's buckets


def decision_times(period: Period, *, livemode: bool) -> DecisionTimes:
    by_moment: dict[datetime, Counter[int]] = {}
    unit = "hour" if period.is_by_hour else "day"
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"unit": unit, "livemode": livemode, "start": period.start, "end": period.end}
        cursor.execute(_BY_MOMENT, values)
        for moment, band, payments in cursor.fetchall():
            by_moment.setdefault(moment, Counter())[band] += payments
    whole = sum(by_moment.values(), Counter())
    return DecisionTimes(
        whole.total(), _percentiles(whole), [_percentiles(by_moment.get(at, {})) for at in period.buckets]
    )


def _percentiles(payments_by_band: Mapping[int, int]) -> tuple[float | None, ...]:
    return tuple(percentile_ms(payments_by_band, share) for share in SHARES)
