"""What each model scored of some payments, what it alerted, and what the payments turned out to be.

The scores are stored, so the database counts; no payment is scored again.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from ledger.selectors.labels import labels_that_count
from scoring.domain.policy import Policy, Thresholds
from scoring.domain.policy_json import policy_from
from scoring.domain.watch import CALIBRATION_BINS, DayCounts
from scoring.models import PolicyVersion, ScoredDay
from scoring.selectors.policy_figures import outcome_sql
from sentinel.core.ids import first_uuid7_at

_LAST_ID = UUID(int=(1 << 128) - 1)
_EVER, _NEVER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_COUNTED = tuple(name for name in asdict(DayCounts()) if name != "calibration")
_POLICIES = "SELECT DISTINCT policy_version FROM ledger_decision WHERE {ids}"
_SCORED = """
    SELECT d.transaction_id, m.id AS model_id, d.fraud_probability, d.score_percentile
    FROM ledger_decision d JOIN scoring_modelversion m ON m.version = d.model_version
    WHERE {ids} AND d.score_percentile IS NOT NULL
"""
_CHALLENGED = """
    UNION ALL SELECT transaction_id, model_id, fraud_probability, score_percentile FROM scoring_challengerscore
    WHERE {ids}
"""
# The same bounds on every table: the planner does not carry them over from one's partitions to the other's.
_COUNT = """
WITH label AS ({labels}
), reviewed AS (
    SELECT DISTINCT transaction_id FROM ledger_label WHERE {ids} AND source = 'review'
), released AS (
    SELECT hold_id AS transaction_id FROM ledger_holdresolution WHERE {hold_ids} AND resolution = 'approved'
), scored AS ({scored}
), payment AS (
    SELECT s.*, p.policy_version, t.channel, t.currency, t.amount_minor, label.is_fraud,
        reviewed.transaction_id IS NOT NULL AS is_reviewed, t.occurred_at < %s AS is_due,
        p.status = 'approved' OR released.transaction_id IS NOT NULL AS went_through
    FROM scored s
        JOIN (SELECT * FROM ledger_decision WHERE {ids}) p USING (transaction_id)
        JOIN ledger_transaction t ON t.id = s.transaction_id AND t.account_id = p.account_id AND {transaction_ids}
        LEFT JOIN label USING (transaction_id)
        LEFT JOIN reviewed USING (transaction_id)
        LEFT JOIN released USING (transaction_id)
    WHERE t.livemode AND t.occurred_at >= %s AND t.occurred_at < %s
), judged AS (
    SELECT model_id, fraud_probability AS p, is_fraud, is_reviewed, is_due,
        is_due AND (is_fraud IS NOT NULL OR went_through) AS is_matured,
        {is_alert} AS is_alert, NOT {is_likely} AS is_unlikely
    FROM payment
)
SELECT model_id, CASE WHEN p IS NOT NULL THEN least(floor(p * {bins}), {bins} - 1)::integer END AS bin,
    count(*),
    count(*) FILTER (WHERE is_alert),
    count(*) FILTER (WHERE is_alert AND is_unlikely),
    count(*) FILTER (WHERE is_alert AND is_reviewed),
    count(*) FILTER (WHERE is_alert AND is_reviewed AND is_fraud),
    count(*) FILTER (WHERE is_due),
    count(*) FILTER (WHERE is_matured),
    count(*) FILTER (WHERE is_fraud),
    count(*) FILTER (WHERE is_alert AND is_fraud),
    count(*) FILTER (WHERE is_alert AND is_unlikely AND is_fraud),
    count(*) FILTER (WHERE is_alert AND is_matured),
    coalesce(sum(p) FILTER (WHERE is_alert AND is_matured), 0),
    coalesce(sum(p * (1 - p)) FILTER (WHERE is_alert AND is_matured), 0),
    count(*) FILTER (WHERE is_alert AND is_matured AND is_fraud)
FROM judged GROUP BY 1, 2
"""
_DECIDERS = """
    SELECT DISTINCT s.model_id FROM ({scored}) s JOIN ledger_transaction t ON t.id = s.transaction_id
    WHERE {transaction_ids} AND t.livemode AND t.occurred_at >= %s AND t.occurred_at < %s
"""

Params = list[Any]


@dataclass(frozen=True, slots=True)
class Payments:
    """With ids from `first` to before `until`, that occurred from `start` to before `end`."""

    first: UUID
    until: UUID
    start: datetime
    end: datetime

    @classmethod
    def of_day(cls, scored: ScoredDay) -> "Payments":
        start = datetime(scored.day.year, scored.day.month, scored.day.day, tzinfo=UTC)
        return cls(scored.first_id, UUID(int=scored.last_id.int + 1), start, start + timedelta(days=1))

    @classmethod
    def recorded_since(cls, moment: datetime) -> "Payments":
        return cls(first_uuid7_at(int(moment.timestamp() * 1000)), _LAST_ID, _EVER, _NEVER)


def alerts_count(payments: Payments, now: datetime) -> dict[int, DayCounts]:
    """By model, as far as labels are known now."""
    policies = _policies(payments)
    is_alert, alert_params = _by_policy(policies, lambda policy: policy)
    is_likely, likely_params = _by_policy(policies, without_percentile)
    scored = _bounded(_SCORED + _CHALLENGED, payments)
    query = _bounded(
        _COUNT, payments, scored=scored, is_alert=is_alert, is_likely=is_likely, bins=str(CALIBRATION_BINS)
    )
    matured = now - timedelta(days=settings.LABEL_MATURITY_DAYS)
    found: dict[int, DayCounts] = {}
    for model_id, place, *numbers in _ask(
        query, [matured, payments.start, payments.end, *alert_params, *likely_params]
    ):
        found[model_id] = _added(found.get(model_id, DayCounts()), place, numbers)
    return found


def deciders(payments: Payments) -> set[int]:
    """The models whose scores decided."""
    query = _bounded(_DECIDERS, payments, scored=_bounded(_SCORED, payments))
    return {row[0] for row in _ask(query, [payments.start, payments.end])}


def without_percentile(policy: Policy) -> Policy:
    """The policy as far as it goes by the probability."""
    bands = tuple(replace(band, thresholds=_likely(band.thresholds)) for band in policy.bands)
    return replace(policy, review_percentile=None, decline_percentile=None, bands=bands)


def _likely(thresholds: Thresholds) -> Thresholds:
    return replace(thresholds, review_percentile=None, decline_percentile=None)


def _added(counts: DayCounts, place: int | None, numbers: list[Any]) -> DayCounts:
    """`place`: the tenth of the probability, None where there is none."""
    known = {name: getattr(counts, name) + number for name, number in zip(_COUNTED, numbers, strict=False)}
    bins = [list(each) for each in counts.calibration]
    if place is not None:
        alerts, probability_sum, variance_sum, frauds = numbers[len(_COUNTED) :]
        bins[place] = [alerts, round(probability_sum, 6), round(variance_sum, 6), frauds]
    return DayCounts(**known, calibration=bins)


def _policies(payments: Payments) -> list[Policy]:
    numbers = [row[0] for row in _ask(_bounded(_POLICIES, payments), [])]
    known = PolicyVersion.objects.filter(number__in=numbers).values_list("number", "thresholds")
    return [policy_from(number, thresholds) for number, thresholds in known]


def _by_policy(policies: list[Policy], part: Callable[[Policy], Policy]) -> tuple[str, Params]:
    """Whether the policy of the payment reviews or declines by scores. One that is not stored has no thresholds."""
    sql, params = "(CASE", Params()
    for policy in policies:
        outcome, outcome_params = outcome_sql(part(policy))
        sql += f" WHEN policy_version = {policy.version} THEN ({outcome}) > 0"
        params += outcome_params
    return f"{sql} WHEN true THEN false END)", params


def _bounded(query: str, payments: Payments, **parts: str) -> str:
    """With the ids written into it: the planner then leaves other partitions out."""

    def bounds(column: str) -> str:
        return f"{column} >= '{payments.first}' AND {column} < '{payments.until}'"

    ids = bounds("transaction_id")
    return query.format(
        ids=ids,
        hold_ids=bounds("hold_id"),
        transaction_ids=bounds("t.id"),
        labels=labels_that_count(ids),
        **parts,
    )


def _ask(query: str, params: Params) -> list[tuple[Any, ...]]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0")
        cursor.execute(query, params or None)
        return list(cursor.fetchall())
