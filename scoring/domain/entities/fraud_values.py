"""The catalogue's fields that are told of what is known of fraud at a merchant.

A payment's outcome counts as known when somebody called it fraud, or when it was made so long ago that a complaint
would have come. The edge of that is a quarter of a day (UTC), and days are whole ones: so payments that were merged
are told apart as well as others.
"""

from bisect import bisect_left
from collections import defaultdict

from scoring.domain.entities.labels import Said
from scoring.domain.entities.reach import MATURED, MONTH
from scoring.domain.entities.state import EntityState
from sentinel.core.catalogue import Value

FRAUD_FIELDS = 12
FRAUD_MISSING: tuple[Value, ...] = (None,) * FRAUD_FIELDS
RUN_DAYS = 35
LAST_DAYS = 3

_DAY = 86_400


def fraud_values(state: EntityState, at: int) -> tuple[Value, ...]:
    """FRAUD_FIELDS values in the order of the catalogue, at a moment not before the latest of the state."""
    matured_before = MATURED.first_bucket(at) * MATURED.bucket_seconds
    since = MONTH.first_bucket(at) * MONTH.bucket_seconds
    frauds = state.labels.frauds(at) if state.labels.said else []
    if not frauds:
        none_of_those = 0.0 if _payments(state, since, matured_before) else None
        return 0, 0, 0, 0, 0, None, None, None, None, none_of_those, none_of_those, none_of_those
    known_at = [fraud.known_at for fraud in frauds]
    ordinary = [fraud for fraud in frauds if fraud.is_ordinary]
    last = max(fraud.made_at for fraud in frauds)
    return (
        *(sum(known >= at - days * _DAY for known in known_at) for days in (7, 14, 30)),
        *(sum(fraud.known_at >= at - days * _DAY for fraud in ordinary) for days in (14, 30)),
        _days(at, last),
        _days(at, max((fraud.made_at for fraud in ordinary), default=None)),
        _days(at, min((each.made_at for each in ordinary if each.made_at >= at - RUN_DAYS * _DAY), default=None)),
        _payments(state, (last // _DAY + 1) * _DAY, matured_before),
        _rate(state, since, matured_before, frauds),
        *_last_days(state, since, matured_before, frauds),
    )


def _days(at: int, moment: int | None) -> float | None:
    return None if moment is None else (at - moment) / _DAY


def _rate(state: EntityState, since: int, matured_before: int, frauds: list[Said]) -> float | None:
    """The share of fraud among the payments since a midnight whose outcome is known."""
    found = [fraud.made_at for fraud in frauds if fraud.made_at >= since]
    known = _payments(state, since, matured_before) + sum(made_at >= matured_before for made_at in found)
    return len(found) / known if known else None


def _last_days(
    state: EntityState, since: int, matured_before: int, frauds: list[Said]
) -> tuple[float | None, float | None]:
    """The share of fraud on the last day with payments whose outcome is known, and on the last LAST_DAYS of them."""
    payments: defaultdict[int, int] = defaultdict(int)
    found: defaultdict[int, int] = defaultdict(int)
    for fraud in frauds:
        found[fraud.made_at // _DAY] += 1
        if fraud.made_at >= matured_before:
            payments[fraud.made_at // _DAY] += 1
    first, last = bisect_left(state.moments, since), bisect_left(state.moments, matured_before)
    for place in range(last - 1, first - 1, -1):
        day = state.moments[place] // _DAY
        if day not in payments and len(payments) >= LAST_DAYS:
            break
        payments[day] += state.payments[place]
    days = sorted(payments, reverse=True)[:LAST_DAYS]
    if not days:
        return None, None
    total, frauds_of_days = sum(payments[day] for day in days), sum(found[day] for day in days)
    return found[days[0]] / payments[days[0]], frauds_of_days / total


def _payments(state: EntityState, since: int, before: int) -> int:
    """How many were made from one edge to before another."""
    first, last = bisect_left(state.moments, since), bisect_left(state.moments, before)
    if last <= first:
        return 0
    return sum(state.payments[first:last]) if state.merged_rows else last - first
