"""From the ledger's rows to facts, in sets. `%(first)s` to before `%(until)s` are ids of transactions."""

from ledger.domain.booking import VOIDED
from ledger.selectors.labels import labels_that_count

# For a range of ids. The planner takes it for a single payment, and would look labels and reviews up for each.
RANGE_PLAN = "SET LOCAL enable_nestloop = off; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL jit = off"


def _chosen(column: str, is_named: bool) -> str:
    """The same bounds on every table: the planner does not carry them over from one's partitions to the other's."""
    named = f" AND {column} = ANY(%(ids)s)" if is_named else ""
    return f"{column} >= %(first)s AND {column} < %(until)s{named}"


def _payments(is_named: bool) -> str:
    return f"""
    FROM ledger_transaction t
    JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
        AND {_chosen("d.transaction_id", is_named)}
    WHERE {_chosen("t.id", is_named)}
"""


_MERCHANT = """coalesce(t.merchant_id, '') AS merchant, coalesce(t.merchant_name, '') AS name,
        coalesce(t.merchant_category, '') AS category, coalesce(t.merchant_country, '') AS country"""
_OUTCOME = f"""CASE p.outcome
        WHEN 'approve' THEN 'approve'
        WHEN 'review' THEN 'review.' || coalesce(r.resolution, 'held')
        ELSE 'decline.' || CASE
            WHEN p.reasons @? '$[*] ? (@.kind == "account" || @.kind == "funds" || @.code == "{VOIDED}")'
            THEN 'account' ELSE 'risk' END
        END"""


def dimensions_add(*, is_named: bool) -> str:
    """The days, accounts and merchants of payments, those that are not there yet."""
    return f"""
WITH p AS (
    SELECT DISTINCT (t.occurred_at AT TIME ZONE 'UTC')::date AS day, t.account_id, {_MERCHANT}
    {_payments(is_named)}
), days AS (
    INSERT INTO dashboard_datedimension (day, year, quarter, month, iso_week, weekday, is_weekend)
    SELECT day, extract(year FROM day), extract(quarter FROM day), extract(month FROM day), extract(week FROM day),
        extract(isodow FROM day), extract(isodow FROM day) > 5
    FROM (SELECT DISTINCT day FROM p) told ON CONFLICT DO NOTHING
), accounts AS (
    INSERT INTO dashboard_accountdimension (id, home_country, currency, risk, version)
    SELECT a.id, a.home_country, a.currency, a.risk, a.version
    FROM (SELECT DISTINCT account_id FROM p) told JOIN ledger_account a ON a.id = told.account_id
    WHERE NOT EXISTS (SELECT FROM dashboard_accountdimension known WHERE known.id = a.id) ON CONFLICT DO NOTHING
)
INSERT INTO dashboard_merchantdimension (merchant, name, category, country)
SELECT DISTINCT merchant, name, category, country FROM p
WHERE NOT EXISTS (
    SELECT FROM dashboard_merchantdimension known WHERE (known.merchant, known.name, known.category, known.country)
        = (p.merchant, p.name, p.category, p.country)
) ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own words


def facts_put(*, is_named: bool) -> str:
    """Adds the facts of payments, and changes those of which something became known. Their hours are due."""
    return f"""
WITH p AS (
    SELECT t.*, {_MERCHANT}, d.outcome, d.reasons, d.model_version, d.score_percentile, d.fraud_probability,
        d.degraded <> '{{}}' AS is_degraded, t.occurred_at AT TIME ZONE 'UTC' AS clock
    {_payments(is_named)}
), label AS (
    {labels_that_count(_chosen("transaction_id", is_named))}
), reversal AS (
    SELECT transaction_id, sum(amount_minor) AS reversed_minor FROM ledger_reversal
    WHERE {_chosen("transaction_id", is_named)} GROUP BY 1
), written AS (
    INSERT INTO dashboard_decisionfact AS known (
        transaction_id, account_id, merchant_id, day, hour, outcome_code, model_version, transaction_type, channel,
        location_country, currency, amount_minor, reversed_minor, score_percentile, fraud_probability, is_degraded,
        is_fraud, occurred_at, recorded_at, resolved_at, resolved_by, livemode
    )
    SELECT p.id, p.account_id, m.id, p.clock::date, extract(hour FROM p.clock), {_OUTCOME},
        coalesce(p.model_version, ''), p.transaction_type, coalesce(p.channel, ''), coalesce(p.location_country, ''),
        p.currency, p.amount_minor, coalesce(reversal.reversed_minor, 0), p.score_percentile, p.fraud_probability,
        p.is_degraded, label.is_fraud, p.occurred_at, p.recorded_at, r.recorded_at, coalesce(r.actor, ''),
        p.livemode
    FROM p
    JOIN dashboard_merchantdimension m
        ON (m.merchant, m.name, m.category, m.country) = (p.merchant, p.name, p.category, p.country)
    LEFT JOIN ledger_holdresolution r ON r.hold_id = p.id AND {_chosen("r.hold_id", is_named)}
    LEFT JOIN label ON label.transaction_id = p.id
    LEFT JOIN reversal ON reversal.transaction_id = p.id
    ON CONFLICT (transaction_id, account_id) DO UPDATE SET
        outcome_code = excluded.outcome_code, is_fraud = excluded.is_fraud, reversed_minor = excluded.reversed_minor,
        resolved_at = excluded.resolved_at, resolved_by = excluded.resolved_by
    WHERE (known.outcome_code, known.is_fraud, known.reversed_minor)
        IS DISTINCT FROM (excluded.outcome_code, excluded.is_fraud, excluded.reversed_minor)
    RETURNING occurred_at
)
INSERT INTO dashboard_rollupdue (hour)
SELECT DISTINCT date_trunc('hour', occurred_at, 'UTC') FROM written ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own words


def rule_facts_put(*, is_named: bool) -> str:
    return f"""
INSERT INTO dashboard_rulefact (transaction_id, version, had_a_say)
SELECT id, version, bool_or(had_a_say) FROM (
    SELECT t.id, unnest(d.rule_hits) AS version, true AS had_a_say {_payments(is_named)}
    UNION ALL SELECT t.id, unnest(d.silent_hits), false {_payments(is_named)}
) hit GROUP BY id, version ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own words


def shared_put(*, is_named: bool) -> str:
    """The values that payments share with others. What they are never changes, so only new payments bring some."""
    return f"""
INSERT INTO dashboard_sharedvalue (value_hash, transaction_id, account_id)
SELECT dashboard_value_hash(told.kind, t.livemode, told.value), t.id, t.account_id
FROM ledger_transaction t
LEFT JOIN ledger_personaldetail p ON p.transaction_id = t.id AND p.account_id = t.account_id
    AND {_chosen("p.transaction_id", is_named)}
CROSS JOIN LATERAL (VALUES ('card_token', p.card_token), ('device_id', p.device_id), ('ip_address', p.ip_address),
    ('card_last4', p.card_last4), ('merchant_id', t.merchant_id)) AS told (kind, value)
WHERE {_chosen("t.id", is_named)} AND told.value IS NOT NULL
ON CONFLICT DO NOTHING
"""  # noqa: S608 - our own words


FACTS_FORGET = """
WITH gone AS (
    DELETE FROM dashboard_decisionfact WHERE transaction_id >= %(first)s AND transaction_id < %(until)s
    RETURNING occurred_at
)
INSERT INTO dashboard_rollupdue (hour)
SELECT DISTINCT date_trunc('hour', occurred_at, 'UTC') FROM gone ON CONFLICT DO NOTHING
"""
RULE_FACTS_FORGET = "DELETE FROM dashboard_rulefact WHERE transaction_id >= %(first)s AND transaction_id < %(until)s"

# What may have been edited since it was copied, and what is new.
DIMENSIONS_RENEW = (
    """
UPDATE dashboard_accountdimension known
SET home_country = a.home_country, currency = a.currency, risk = a.risk, version = a.version
FROM ledger_account a WHERE a.id = known.id AND a.version <> known.version
""",
    """
INSERT INTO dashboard_ruledimension (version, rule, code, name, number, action)
SELECT v.id, r.id, r.code, r.name, v.number, v.action FROM rules_ruleversion v JOIN rules_rule r ON r.id = v.rule_id
EXCEPT SELECT version, rule, code, name, number, action FROM dashboard_ruledimension
ON CONFLICT (version) DO UPDATE SET name = excluded.name, code = excluded.code
""",
    """
INSERT INTO dashboard_modeldimension (version, kind) SELECT version, kind FROM scoring_modelversion
EXCEPT SELECT version, kind FROM dashboard_modeldimension
ON CONFLICT (version) DO UPDATE SET kind = excluded.kind
""",
)

# Payments of which something became known: a review ended, money was given back, somebody labelled them.
CHANGED = """
SELECT transaction_id FROM ledger_event WHERE id >= %(first)s AND id < %(until)s
    AND type NOT IN ('transaction.approved', 'transaction.declined', 'transaction.review_opened')
UNION SELECT transaction_id FROM ledger_label WHERE id >= %(first)s AND id < %(until)s
ORDER BY 1
"""
# Where a piece of so many transactions begins, and where the next one does.
PIECE = """
SELECT (SELECT id FROM ledger_transaction WHERE id >= %(first)s AND id < %(until)s ORDER BY id LIMIT 1),
    (SELECT id FROM ledger_transaction WHERE id >= %(first)s AND id < %(until)s ORDER BY id OFFSET %(rows)s LIMIT 1)
"""
