"""Hours whose facts have changed are rolled up anew, and then their days."""

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from dashboard.models import FactMark, Rollup, RollupDue
from ledger.domain.payments import TransactionType

_HOURS_AT_ONCE = 100
_TYPES = [each.value for each in TransactionType if each.takes_money_out]
_TOPICS = [topic.value for topic in Rollup.Topic]

_COLUMNS = """grain, topic, livemode, starts_at, key, currency, outcome_code, verdict, payments, amount_minor,
    reversed_minor"""
_FORGET = """
DELETE FROM dashboard_rollup
WHERE grain = %(grain)s AND topic = ANY(%(topics)s) AND starts_at = ANY(%(moments)s)
"""
_ROLL_HOURS = f"""
WITH fact AS MATERIALIZED (
    SELECT f.*, due.hour AS starts_at,
        CASE WHEN f.is_fraud THEN 'fraud' WHEN NOT f.is_fraud THEN 'legitimate' ELSE '' END AS verdict
    FROM unnest(%(moments)s::timestamptz[]) due(hour)
    JOIN dashboard_decisionfact f ON f.occurred_at >= due.hour AND f.occurred_at < due.hour + interval '1 hour'
    WHERE f.transaction_type = ANY(%(types)s)
), told AS (
    SELECT fact.*, topic, key FROM fact
    JOIN dashboard_merchantdimension m ON m.id = fact.merchant_id
    CROSS JOIN LATERAL (VALUES
        ('all', ''), ('channel', channel), ('country', m.country), ('category', m.category), ('model', model_version),
        ('score', CASE WHEN score_percentile IS NULL THEN ''
            ELSE (least(floor(score_percentile * 20), 19) / 20)::numeric(3, 2)::text END)
    ) by_topic(topic, key)
    UNION ALL SELECT fact.*, 'rule', hit.version::text FROM fact
    JOIN dashboard_rulefact hit ON hit.transaction_id = fact.transaction_id AND hit.had_a_say
        AND hit.transaction_id >= (SELECT min(transaction_id::text)::uuid FROM fact)
        AND hit.transaction_id <= (SELECT max(transaction_id::text)::uuid FROM fact)
)
INSERT INTO dashboard_rollup ({_COLUMNS})
SELECT 'h', topic, livemode, starts_at, key, currency, outcome_code, verdict, count(*), sum(amount_minor),
    sum(reversed_minor)
FROM told GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""  # noqa: S608 - our own words
_ROLL_DAYS = f"""
INSERT INTO dashboard_rollup ({_COLUMNS})
SELECT 'd', topic, livemode, due.day, key, currency, outcome_code, verdict, sum(payments), sum(amount_minor),
    sum(reversed_minor)
FROM unnest(%(moments)s::timestamptz[]) due(day)
JOIN dashboard_rollup ON grain = 'h' AND topic = ANY(%(topics)s)
    AND starts_at >= due.day AND starts_at < due.day + interval '1 day'
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""  # noqa: S608 - our own words


def rollups_renew() -> int:
    """Rolls up whatever is due; how many hours that was."""
    renewed = 0
    while hours := _renew_next():
        renewed += hours
    return renewed


@transaction.atomic
def _renew_next() -> int:
    """Locks: the mark of the decisions, so that no fact changes meanwhile."""
    FactMark.objects.select_for_update().filter(name="decisions").first()
    hours = list(RollupDue.objects.order_by("hour").values_list("hour", flat=True)[:_HOURS_AT_ONCE])
    if not hours:
        return 0
    _roll("h", hours, _ROLL_HOURS)
    _roll("d", sorted({_midnight(hour) for hour in hours}), _ROLL_DAYS)
    RollupDue.objects.filter(hour__in=hours).delete()
    return len(hours)


def _roll(grain: str, moments: list[datetime], statement: str) -> None:
    values: dict[str, Any] = {"grain": grain, "moments": moments, "topics": _TOPICS, "types": _TYPES}
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, values)
        cursor.execute(statement, values)


def _midnight(hour: datetime) -> datetime:
    return hour.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
