"""Past payments under two policies, counted by the database from the scores that were stored with the decisions.

Only payments that were left to the policy: scored, not decided by a rule, and not declined for the money's sake.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from ledger.models import Decision
from ledger.selectors.labels import labels_that_count
from scoring.domain.policy import Band, Policy, Thresholds
from scoring.domain.policy_figures import SCORE_STEPS, Counts, Kind
from sentinel.core.ids import first_uuid7_at

SLICES = 10
# A gateway's clock may be ahead of ours by so much: its payment was recorded before it occurred.
_AHEAD = timedelta(days=1)

_LAST_ID = UUID(int=2**128 - 1)

Params = list[Any]


@dataclass(frozen=True, slots=True)
class Period:
    """Payments that occurred from the first moment to before the second."""

    first_at: datetime
    until: datetime


def scores_exist() -> bool:
    """Whether any decision has a score: whether there is something to simulate with."""
    return Decision.objects.filter(score_percentile__isnull=False).exists()


def probabilities_exist(period: Period) -> bool:
    first_id = _id_at(period.first_at - _AHEAD)
    return Decision.objects.filter(pk__gte=first_id, fraud_probability__isnull=False).exists()


def counts_read(
    *, before: Policy, after: Policy, score: str, period: Period, now: datetime, into: Counts
) -> Iterator[int]:
    """Fills `into` slice by slice of recorded time; yields how many of SLICES are done."""
    sql, params = _statement(before, after, score)
    first = period.first_at - _AHEAD
    width = (now - first) / SLICES
    for place in range(SLICES):
        is_last = place == SLICES - 1
        ids = _id_at(first + place * width), _LAST_ID if is_last else _id_at(first + (place + 1) * width)
        with transaction.atomic(), connection.cursor() as cursor:
            # The planner expects as many groups as payments and would sort; there are few, and hashing is quicker.
            cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL enable_sort = off; SET LOCAL jit = off")
            cursor.execute(sql, [*ids, *ids, period.first_at, period.until, *params])
            for row in cursor:
                _count(into, row)
        yield place + 1


def _id_at(moment: datetime) -> UUID:
    return first_uuid7_at(int(moment.timestamp() * 1000))


def _count(into: Counts, row: tuple[Any, ...]) -> None:
    is_by_score, free_step, *told = row
    channel, currency, band, before, after, is_fraud, payments, money_minor, first_at = told
    if is_by_score:
        if free_step is not None:
            into.by_score[(free_step, is_fraud)] += int(payments)
        return
    kind = Kind.of(channel, currency, band, before, after, is_fraud)
    into.first_at = min(first_at, into.first_at or first_at)
    into.payments[kind] += int(payments)
    into.money_minor[kind] += int(money_minor)


# Both tables are bounded by id, so that only the partitions of the time are read.
_LEFT_TO_THE_POLICY = """
    FROM ledger_decision d JOIN ledger_transaction t ON t.id = d.transaction_id AND t.account_id = d.account_id
    WHERE d.transaction_id >= %s AND d.transaction_id < %s AND t.id >= %s AND t.id < %s
        AND t.livemode AND d.score_percentile IS NOT NULL AND t.occurred_at >= %s AND t.occurred_at < %s
        AND (d.reasons = '[]'
            OR NOT d.reasons @? '$[*] ? (@.kind != "policy" && @.kind != "model")')
"""


def _statement(before: Policy, after: Policy, score: str) -> tuple[str, Params]:
    """Counts by kind, and by score; the parameters follow the six of _LEFT_TO_THE_POLICY. No value is in the text."""
    column = {"percentile": "score_percentile", "probability": "fraud_probability"}[score]
    band, band_params = _by_band(after, lambda number, _: (str(number), []))
    old, old_params = outcome_sql(before)
    new, new_params = outcome_sql(after)
    free, free_params = _by_band(after, _is_free(after, f"review_{score}"))
    sql = f"""
        WITH label AS ({labels_that_count("true")}
        ), payment AS (
            SELECT d.transaction_id, t.channel, t.currency, t.amount_minor, t.occurred_at,
                d.fraud_probability, d.score_percentile
            {_LEFT_TO_THE_POLICY}
        ), judged AS (
            SELECT channel, currency, amount_minor, occurred_at, is_fraud, {band} AS band, {old} AS before,
                {new} AS after, CASE WHEN {free} THEN round({column} * {SCORE_STEPS})::integer END AS free_step
            FROM payment LEFT JOIN label USING (transaction_id)
        ), counted AS MATERIALIZED (
            SELECT channel, currency, band, before, after, is_fraud, free_step, count(*) AS payments,
                sum(amount_minor) AS money_minor, min(occurred_at) AS first_at
            FROM judged GROUP BY channel, currency, band, before, after, is_fraud, free_step
        )
        SELECT grouping(channel), free_step, channel, currency, band, before, after, is_fraud, sum(payments),
            sum(money_minor), min(first_at)
        FROM counted
        GROUP BY GROUPING SETS ((channel, currency, band, before, after, is_fraud), (free_step, is_fraud))
    """  # noqa: S608
    return sql, [*band_params, *old_params, *new_params, *free_params]


def outcome_sql(policy: Policy) -> tuple[str, Params]:
    """What a policy says of a row with channel, currency, amount_minor and the two scores: 0, 1 or 2, as severe."""
    return _by_band(policy, lambda _, thresholds: _outcome(thresholds))


def _is_free(policy: Policy, threshold: str) -> Callable[[int, Thresholds], tuple[str, Params]]:
    """Whether the review threshold of all payments alone decides between approving and reviewing."""

    def say(number: int, thresholds: Thresholds) -> tuple[str, Params]:
        if number and getattr(policy.bands[number - 1].thresholds, threshold) is not None:
            return "false", []
        sql, params = _outcome(replace(thresholds, **{threshold: None}))
        return f"({sql}) = 0", params

    return say


def _by_band(policy: Policy, say: Callable[[int, Thresholds], tuple[str, Params]]) -> tuple[str, Params]:
    """What is said of the first band that fits, by its number and thresholds; 0 stands for all other payments."""
    sql, params = "CASE", Params()
    for number, band in enumerate(policy.bands, 1):
        fits, fits_params = _fits(band)
        said, said_params = say(number, policy.thresholds_for(band))
        sql += f" WHEN {fits} THEN {said}"
        params += [*fits_params, *said_params]
    said, said_params = say(0, policy.base)
    return f"{sql} WHEN true THEN {said} END", [*params, *said_params]


def _fits(band: Band) -> tuple[str, Params]:
    parts: list[tuple[str, Any]] = []
    if band.channels:
        parts.append(("channel = ANY(%s::varchar[])", list(band.channels)))
    if band.currency is not None:
        parts.append(("currency = %s", band.currency))
    if band.amount_from_minor is not None:
        parts.append(("amount_minor >= %s", band.amount_from_minor))
    if band.amount_below_minor is not None:
        parts.append(("amount_minor < %s", band.amount_below_minor))
    return " AND ".join(sql for sql, _ in parts) or "true", [value for _, value in parts]


def _outcome(thresholds: Thresholds) -> tuple[str, Params]:
    sql, params = "CASE", Params()
    for verb, severity in (("decline", 2), ("review", 1)):
        for column, score in (("fraud_probability", "probability"), ("score_percentile", "percentile")):
            if (threshold := getattr(thresholds, f"{verb}_{score}")) is not None:
                sql += f" WHEN {column} >= %s::float8 THEN {severity}"
                params.append(threshold)
    return f"{sql} WHEN true THEN 0 END", params
