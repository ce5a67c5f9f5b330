-- Payments number %(first)s to %(last)s of a past that ends at %(end)s, so many seconds apart, with what became of
-- them: decisions, hits, reviews and their ends, labels. Read by: bench/dashboard.py.
CREATE TEMP TABLE past ON COMMIT DROP AS
WITH numbered AS (
    SELECT n, %(end)s::timestamptz - make_interval(secs => (%(payments)s - n) * %(seconds_apart)s::float8) AS at,
        ('x' || substr(md5(n::text || %(salt)s), 1, 7))::bit(28)::int AS chance
    FROM generate_series(%(first)s::int, %(last)s::int) n
)
SELECT n, at, %(prefix)s || lpad((n %% %(accounts)s)::text, 6, '0') AS account_id, chance, chance %% 1000 AS of_1000,
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(n::text || %(salt)s), 1, 3)
        || '8' || substr(md5(n::text || %(salt)s), 4, 15))::uuid AS id,
    n / %(accounts)s + %(seq)s AS seq
FROM numbered;

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
SELECT id, account_id, CASE WHEN of_1000 < 970 THEN 'approve' WHEN of_1000 < 990 THEN 'review' ELSE 'decline' END,
    CASE WHEN of_1000 < 970 THEN 'approved' WHEN of_1000 < 990 THEN 'held' ELSE 'declined' END,
    chance %% 10000 / 10000.0, '[{"kind": "rule", "code": "rule.past"}]', 1, 1, 'past-1', 1, '', '{}', '', at,
    CASE WHEN of_1000 >= 960 THEN ARRAY[%(rule)s::int + chance %% 50] ELSE '{}' END
FROM past;

INSERT INTO ledger_hold (transaction_id, account_id, amount_minor, reserved_minor, currency, recorded_at, expires_at)
SELECT id, account_id, 100 + chance %% 90000, 100 + chance %% 90000, 'INR', at, at + interval '7 days'
FROM past WHERE of_1000 BETWEEN 970 AND 989;

INSERT INTO ledger_holdresolution (hold_id, resolution, actor, note, entry_id, recorded_at)
SELECT id, CASE WHEN chance %% 3 = 0 THEN 'declined' ELSE 'approved' END, 'reviewer ' || chance %% 12, '',
    CASE WHEN chance %% 3 <> 0 THEN id END, at + make_interval(mins => chance %% 300)
FROM past WHERE of_1000 BETWEEN 970 AND 988 AND at < %(end)s::timestamptz - interval '6 hours';

INSERT INTO ledger_label (id, transaction_id, account_id, is_fraud, source, actor, note, observed_at, recorded_at)
SELECT gen_random_uuid(), id, account_id, of_1000 %% 3 = 0, 'chargeback', 'bench', '', at, at
FROM past WHERE of_1000 BETWEEN 960 AND 985;
