-- Payments number %(first)s to %(last)s of a past that ends at %(end)s, so many seconds apart, with what became of
-- them: decisions, hits, cases, reviews and their ends, labels. Of 1,000 payments %(reviews)s are reviewed, and with
-- `is_worked` nearly all of these end. Read by: bench/decided_past.py.
CREATE TEMP TABLE past ON COMMIT DROP AS
WITH numbered AS (
    SELECT n, %(end)s::timestamptz - make_interval(secs => (%(payments)s - n) * %(seconds_apart)s::float8) AS at,
        ('x' || substr(md5(n::text || %(salt)s), 1, 7))::bit(28)::int AS chance
    FROM generate_series(%(first)s::int, %(last)s::int) n
)
SELECT n, at, of_1000 >= 990 - %(reviews)s AND of_1000 < 990 AS is_review,
    of_1000 >= 990 - %(reviews)s AND of_1000 < 989 AND %(is_worked)s
        AND at < %(end)s::timestamptz - interval '6 hours' AS is_ended,
    %(prefix)s || lpad((n %% %(accounts)s)::text, 6, '0') AS account_id, chance, of_1000,
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text || %(salt)s), 1, 3)
        || '8' || substr(md5(n::text || %(salt)s), 4, 15))::uuid AS id,
    n / %(accounts)s + %(seq)s AS seq
FROM numbered, LATERAL (SELECT chance %% 1000 AS of_1000) share;

INSERT INTO ledger_transaction (
    id, account_id, seq, client_id, livemode, transaction_type, amount_minor, currency, channel, merchant_id,
    merchant_name, merchant_category, merchant_country, location_country, occurred_at, recorded_at, detail_commitment
)
SELECT id, account_id, seq, %(client)s, true, 'purchase', 100 + chance %% 90000, 'INR',
    (ARRAY['ecommerce', 'pos', 'pos', 'atm'])[1 + chance %% 4], 'past_' || chance %% 3000, 'Shop ' || chance %% 3000,
    (ARRAY['5411', '5732', '5812', '4121', '5541', '5999', '7995', '4722', '5311', '5912'])[1 + chance %% 3000 %% 10],
    (ARRAY['IN', 'IN', 'IN', 'IN', 'FR', 'DE', 'US', 'GB', 'AE', 'SG', 'JP', 'NG'])[1 + chance %% 3000 %% 12],
    'IN', at, at, ''
FROM past;

INSERT INTO ledger_decision (
    transaction_id, account_id, outcome, status, score_percentile, reasons, ruleset_version, policy_version,
    model_version, catalogue_version, snapshot, degraded, receipt, recorded_at, rule_hits
)
SELECT id, account_id, CASE WHEN of_1000 >= 990 THEN 'decline' WHEN is_review THEN 'review' ELSE 'approve' END,
    CASE WHEN of_1000 >= 990 THEN 'declined' WHEN is_review THEN 'held' ELSE 'approved' END,
    chance %% 10000 / 10000.0, '[{"kind": "rule", "code": "rule.past", "words": "A rule of the past"}]', 1, 1, 'past-1',
    %(catalogue_version)s, %(snapshot)s, '{}', %(receipt)s, at,
    CASE WHEN is_review OR of_1000 >= 960 THEN ARRAY[%(rule)s::int + chance %% 50] ELSE '{}' END
FROM past;

INSERT INTO ledger_hold (transaction_id, account_id, amount_minor, reserved_minor, currency, recorded_at, expires_at)
SELECT id, account_id, 100 + chance %% 90000, 100 + chance %% 90000, 'INR', at, at + interval '7 days'
FROM past WHERE is_review;

INSERT INTO ledger_personaldetail (transaction_id, account_id, salt, card_token, card_last4, device_id, ip_address)
SELECT id, account_id, '', 'card_' || account_id, '4242', 'device_' || chance %% 20000,
    '203.0.' || chance %% 200 || '.' || chance %% 250
FROM past WHERE %(has_details)s;

INSERT INTO ledger_holdresolution (hold_id, resolution, actor, note, entry_id, recorded_at)
SELECT id, CASE WHEN chance %% 3 = 0 THEN 'declined' ELSE 'approved' END, 'reviewer ' || chance %% 12, '',
    CASE WHEN chance %% 3 <> 0 THEN id END, at + make_interval(mins => chance %% 300)
FROM past WHERE is_ended;

INSERT INTO ledger_case (
    transaction_id, account_id, livemode, kind, currency, amount_minor, score_percentile, rank, opened_at, due_at,
    escalated_at, escalated_by, snoozed_until, decided_at, decided_by, verdict
)
SELECT id, account_id, true, 'hold', 'INR', 100 + chance %% 90000, chance %% 10000 / 10000.0,
    ledger_case_rank(at + interval '4 hours', 100 + chance %% 90000, 'INR', chance %% 10000 / 10000.0, NULL), at,
    at + interval '4 hours',
    CASE WHEN NOT is_ended AND chance %% 50 = 0 THEN at END,
    CASE WHEN NOT is_ended AND chance %% 50 = 0 THEN 'bench' ELSE '' END,
    CASE WHEN NOT is_ended AND chance %% 50 = 1 THEN %(end)s::timestamptz + interval '1 day' END,
    CASE WHEN is_ended THEN at + make_interval(mins => chance %% 300) END,
    CASE WHEN is_ended THEN 'reviewer ' || chance %% 12 ELSE '' END,
    CASE WHEN NOT is_ended THEN '' WHEN chance %% 3 = 0 THEN 'decline' ELSE 'approve' END
FROM past WHERE is_review
-- Where triggers could not be left out, they have made the case already.
ON CONFLICT DO NOTHING;

INSERT INTO ledger_label (id, transaction_id, account_id, is_fraud, source, actor, note, observed_at, recorded_at)
SELECT gen_random_uuid(), id, account_id, of_1000 %% 3 = 0, 'chargeback', 'bench', '', at, at
FROM past WHERE of_1000 BETWEEN 960 AND 985;
