-- The transactions to come: every account's next ones, evenly over the days, ids by the moment they were recorded.
-- Read by: bench/history.py.
CREATE TEMP TABLE synthetic ON COMMIT DROP AS
WITH account AS (
    SELECT account_id, seq, row_number() OVER (ORDER BY account_id) AS place, count(*) OVER () AS accounts
    FROM ledger_accountbalance WHERE account_id LIKE %(accounts)s
), payment AS (
    SELECT account_id, seq + turn AS seq,
           ((turn - 1) * accounts + place)::float8 / (accounts * %(turns)s) * %(span_seconds)s AS after_seconds
    FROM account CROSS JOIN generate_series(%(first_turn)s, %(last_turn)s) AS turn
), moment AS (
    SELECT account_id, seq, to_timestamp(%(occurred_from)s + after_seconds) AS occurred_at,
           to_timestamp(%(recorded_from)s + after_seconds) AS recorded_at,
           lpad(to_hex(((%(recorded_from)s + after_seconds) * 1000)::bigint), 12, '0') || '7' AS time_part
    FROM payment
)
SELECT account_id, seq, occurred_at, recorded_at,
       (time_part || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid AS id,
       (time_part || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid AS entry_id,
       (time_part || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid AS event_id
FROM moment
