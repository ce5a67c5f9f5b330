-- A case is made with its hold or sample, and decided with what ends them, whoever writes those. Payments that are
-- neither held nor sampled pay nothing for it.

SELECT sentinel_make_insert_only(target) FROM unnest(ARRAY[
    'ledger_casenote', 'ledger_reviewterms', 'ledger_reportingrate']::regclass[]) AS target;

INSERT INTO ledger_reviewterms (due_minutes, urgent_percentile, urgent_due_minutes, lock_minutes,
    open_cap_per_reviewer, undo_seconds, author, recorded_at)
VALUES (240, 0.99, 60, 10, 20, 10, 'system', now());

-- Cases are locked, assigned and decided in place, and the queue is read all the time.
ALTER TABLE ledger_case SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

-- The same as case_rank in ledger/domain/cases.py; a test holds both together.
CREATE FUNCTION ledger_case_rank(
    due timestamptz, amount_minor bigint, its_currency text, score double precision, rate_micro bigint
) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
    SELECT extract(epoch FROM due)::double precision / 3600 - 2.0 * ln(
        1 + amount_minor / CASE
            WHEN its_currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND',
                                  'VUV', 'XAF', 'XOF', 'XPF') THEN 1.0::double precision
            WHEN its_currency IN ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') THEN 1000.0
            ELSE 100.0 END
        * coalesce(rate_micro / 1000000.0::double precision, 1.0) * greatest(coalesce(score, 0.5), 0.05)
    ) / ln(2.0::double precision)
$$;

-- The rate of a day, into the currency that rates were set in last; NULL without one.
CREATE FUNCTION ledger_rate_micro(its_currency text, of_day date) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT r.rate_micro FROM ledger_reportingrate r
    WHERE r.currency = its_currency AND r.from_day <= of_day
        AND r.reporting_currency = (SELECT l.reporting_currency FROM ledger_reportingrate l ORDER BY l.id DESC LIMIT 1)
    ORDER BY r.from_day DESC, r.id DESC LIMIT 1
$$;

-- Makes the case of a payment, or opens a decided one again. False when it is open already.
CREATE FUNCTION ledger_case_open(of_transaction uuid, its_kind text, at timestamptz) RETURNS boolean LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    INSERT INTO ledger_case AS c (transaction_id, account_id, livemode, kind, currency, amount_minor,
        score_percentile, rank, opened_at, due_at)
    SELECT t.id, t.account_id, t.livemode, its_kind, t.currency, t.amount_minor, d.score_percentile,
        ledger_case_rank(w.due, t.amount_minor, t.currency, d.score_percentile,
                         ledger_rate_micro(t.currency, t.occurred_at::date)), at, w.due
    FROM ledger_transaction t
    JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
        AND d.transaction_id = of_transaction
    CROSS JOIN LATERAL (
        SELECT at + make_interval(mins => CASE WHEN d.score_percentile >= urgent_percentile
            THEN urgent_due_minutes ELSE due_minutes END) AS due
        FROM ledger_reviewterms ORDER BY id DESC LIMIT 1
    ) w
    WHERE t.id = of_transaction
    ON CONFLICT (transaction_id) DO UPDATE SET kind = EXCLUDED.kind, rank = EXCLUDED.rank,
        opened_at = EXCLUDED.opened_at, due_at = EXCLUDED.due_at, assignee_id = NULL, escalated_at = NULL,
        escalated_by = '', overdue_told_at = NULL, decided_at = NULL, decided_by = '', verdict = '', reason = ''
    WHERE c.decided_at IS NOT NULL;
    RETURN FOUND;
END $$;

CREATE FUNCTION ledger_cases_of_holds() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM ledger_case_open(transaction_id, 'hold', recorded_at) FROM new_rows;
    RETURN NULL;
END $$;
CREATE TRIGGER opens_cases AFTER INSERT ON ledger_hold REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_cases_of_holds();

CREATE FUNCTION ledger_cases_of_samples() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM ledger_case_open(transaction_id, 'sample', chosen_at) FROM new_rows WHERE decided_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER opens_cases AFTER INSERT ON ledger_sampledreview REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_cases_of_samples();

CREATE FUNCTION ledger_cases_end_with_holds() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE ledger_case c SET decided_at = r.recorded_at, decided_by = r.actor, locked_by_id = NULL,
        locked_until = NULL, snoozed_until = NULL, wakes_after_seq = NULL,
        verdict = CASE r.resolution WHEN 'approved' THEN 'approve' WHEN 'declined' THEN 'decline'
                  ELSE r.resolution END
    FROM new_rows r WHERE c.transaction_id = r.hold_id AND c.decided_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER ends_cases AFTER INSERT ON ledger_holdresolution REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_cases_end_with_holds();

CREATE FUNCTION ledger_case_ends_with_sample() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE ledger_case SET decided_at = NEW.decided_at, decided_by = NEW.decided_by, locked_by_id = NULL,
        locked_until = NULL, snoozed_until = NULL, wakes_after_seq = NULL,
        verdict = CASE WHEN NEW.is_fraud THEN 'fraud' ELSE 'legitimate' END
    WHERE transaction_id = NEW.transaction_id AND decided_at IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER ends_case AFTER UPDATE OF decided_at ON ledger_sampledreview FOR EACH ROW
    WHEN (OLD.decided_at IS NULL AND NEW.decided_at IS NOT NULL) EXECUTE FUNCTION ledger_case_ends_with_sample();

-- What is open already. What was decided before had no case, and gets none.
SELECT count(ledger_case_open(h.transaction_id, 'hold', h.recorded_at)) FROM ledger_hold h
    LEFT JOIN ledger_holdresolution r ON r.hold_id = h.transaction_id WHERE r.hold_id IS NULL;
SELECT count(ledger_case_open(transaction_id, 'sample', chosen_at)) FROM ledger_sampledreview
    WHERE decided_at IS NULL;
