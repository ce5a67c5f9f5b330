-- Opening a database transaction of the hot path --------------------------------------------------------------------
-- As functions, since a connection keeps the plans of their statements: as text they were planned anew for each
-- group, which cost as much as running them. They run with the rights of whoever calls them.
--
-- Locks are taken in one order, so that no two writers wait for each other in a circle: new keys, voided keys,
-- accounts, each sorted. Who claims voided keys has all new keys that it is to get, so nobody with a voided key waits
-- for a new one.

-- Claim `expected` idempotency keys: one row for each that is the caller's now, those that were only voided among
-- them. Waits for whoever is just claiming the same key. No index is named in ON CONFLICT: PostgreSQL would look in
-- its catalogue for that of each of the eight partitions, at each claim.
CREATE OR REPLACE FUNCTION ledger_claim(claims json, expected integer, moment timestamptz)
RETURNS TABLE (client_id uuid, key varchar, voided boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    inserted bigint;
BEGIN
    RETURN QUERY
    INSERT INTO ledger_idempotencykey (client_id, key, operation, fingerprint, subject_id, created_at)
    SELECT client_id, key, operation, fingerprint, subject_id, moment
    FROM json_populate_recordset(NULL::ledger_idempotencykey, claims) ORDER BY client_id, key
    ON CONFLICT DO NOTHING RETURNING client_id, key, false;

    GET DIAGNOSTICS inserted = ROW_COUNT;
    IF inserted < expected THEN
        RETURN QUERY
        WITH mine AS (
            SELECT k.client_id, k.key, c.operation, c.fingerprint, c.subject_id
            FROM json_populate_recordset(NULL::ledger_idempotencykey, claims) c
            JOIN ledger_idempotencykey k ON k.client_id = c.client_id AND k.key = c.key
            WHERE k.subject_id IS NULL ORDER BY k.client_id, k.key FOR UPDATE OF k
        )
        UPDATE ledger_idempotencykey k
        SET operation = m.operation, fingerprint = m.fingerprint, subject_id = m.subject_id, created_at = moment
        FROM mine m WHERE k.client_id = m.client_id AND k.key = m.key
        RETURNING k.client_id, k.key, true;
    END IF;
END $$;

-- Lock the balances of customer accounts until the end of the database transaction: one row for each that exists.
CREATE OR REPLACE FUNCTION ledger_lock(account_ids varchar[])
RETURNS TABLE (
    account_id varchar, currency varchar, status varchar, livemode boolean, version integer, posted_minor bigint,
    held_minor bigint, floor_minor bigint, daily_limit_minor bigint, seq bigint, day date, day_spent_minor bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT b.account_id, a.currency, a.status, a.livemode, a.version, b.posted_minor, b.held_minor, b.floor_minor,
        a.daily_limit_minor, b.seq, b.day, b.day_spent_minor
    FROM ledger_accountbalance b JOIN ledger_account a ON a.id = b.account_id
    WHERE b.account_id = ANY(account_ids) ORDER BY b.account_id FOR UPDATE OF b;
END $$;

-- The checks, first as they nearly always end -----------------------------------------------------------------------
-- Each check asks first, with one query, whether all is right among the ids made within a day of now. A yes is
-- enough: whatever that query finds is there. Else (rows of older payments, or something is wrong) it looks as
-- before, between the ids that came, and says what is wrong.

-- The least id that is made at a moment: UUIDv7 begins with its milliseconds.
CREATE OR REPLACE FUNCTION ledger_first_id(moment timestamptz) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT (lpad(to_hex((date_part('epoch', moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- Decisions, personal details, events and labels hang on a transaction of their own account.
CREATE OR REPLACE FUNCTION ledger_check_of_transaction() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    missing uuid;
    lowest uuid := ledger_first_id(now() - interval '1 day');
    highest uuid := ledger_first_id(now() + interval '1 day');
BEGIN
    PERFORM FROM new_rows n WHERE (
        SELECT true FROM ledger_transaction t
        WHERE t.id = n.transaction_id AND t.account_id = n.account_id AND t.id BETWEEN lowest AND highest
    ) IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT min(transaction_id::text), max(transaction_id::text) INTO lowest, highest FROM new_rows;
    SELECT transaction_id INTO missing FROM new_rows n WHERE (
        SELECT true FROM ledger_transaction t
        WHERE t.id = n.transaction_id AND t.account_id = n.account_id AND t.id BETWEEN lowest AND highest
    ) IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '%: there is no transaction % of that account', TG_TABLE_NAME, missing
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;

-- An entry comes with its postings in one statement, and hangs on a transaction of its account; an opening entry on
-- the account alone. That its last leg is there is enough: postings come all together (below).
CREATE OR REPLACE FUNCTION ledger_check_entries() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    wrong record;
    lowest uuid := ledger_first_id(now() - interval '1 day');
    highest uuid := ledger_first_id(now() + interval '1 day');
    lowest_transaction uuid;
    highest_transaction uuid;
BEGIN
    PERFORM FROM new_rows e WHERE (
        (SELECT true FROM ledger_posting p
            WHERE p.entry_id = e.id AND p.account_id = e.account_id AND p.leg = e.legs
                AND p.entry_id BETWEEN lowest AND highest)
        AND (SELECT true FROM ledger_transaction t
            WHERE t.id = e.transaction_id AND t.account_id = e.account_id AND t.id BETWEEN lowest AND highest)
    ) IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT min(id::text), max(id::text), min(transaction_id::text), max(transaction_id::text)
        INTO lowest, highest, lowest_transaction, highest_transaction FROM new_rows;
    SELECT * INTO wrong FROM (
        SELECT e.id,
            (SELECT true FROM ledger_posting p
                WHERE p.entry_id = e.id AND p.account_id = e.account_id AND p.leg = e.legs
                    AND p.entry_id BETWEEN lowest AND highest) AS has_postings,
            CASE WHEN e.transaction_id IS NULL
                THEN (SELECT true FROM ledger_account a WHERE a.id = e.account_id)
                ELSE (SELECT true FROM ledger_transaction t
                    WHERE t.id = e.transaction_id AND t.account_id = e.account_id
                        AND t.id BETWEEN lowest_transaction AND highest_transaction)
            END AS has_owner
        FROM new_rows e OFFSET 0
    ) checked WHERE (has_postings AND has_owner) IS NOT TRUE LIMIT 1;
    IF wrong.has_owner IS NULL AND FOUND THEN
        RAISE EXCEPTION 'there is no transaction or account of entry %', wrong.id
            USING ERRCODE = 'foreign_key_violation';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'entry % lacks postings', wrong.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

-- The postings of an entry come all together, sum to zero per currency, and go to accounts of that currency. An
-- entry says how many legs it has and its legs are numbered, so none can be added to it later.
CREATE OR REPLACE FUNCTION ledger_check_postings() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    wrong record;
    lowest uuid := ledger_first_id(now() - interval '1 day');
    highest uuid := ledger_first_id(now() + interval '1 day');
BEGIN
    -- As if all entries were of one currency: then each group is a whole entry.
    PERFORM FROM new_rows n GROUP BY entry_id, account_id, currency HAVING (
        sum(debit_minor - credit_minor) = 0
        AND bool_and((SELECT a.currency = n.currency FROM ledger_account a WHERE a.id = n.ledger_account_id) IS TRUE)
        AND (count(*), max(leg)) = (SELECT e.legs, e.legs FROM ledger_entry e
            WHERE e.id = n.entry_id AND e.account_id = n.account_id AND e.id BETWEEN lowest AND highest)
    ) IS NOT TRUE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT min(entry_id::text), max(entry_id::text) INTO lowest, highest FROM new_rows;
    SELECT * INTO wrong FROM (
        SELECT entry_id, bool_and(balance = 0) AS is_balanced, bool_and(accounts_fit) AS accounts_fit,
            sum(postings) AS postings, max(last_leg) AS last_leg,
            (SELECT e.legs FROM ledger_entry e
                WHERE e.id = p.entry_id AND e.account_id = p.account_id AND e.id BETWEEN lowest AND highest) AS legs
        FROM (
            SELECT entry_id, account_id, sum(debit_minor) - sum(credit_minor) AS balance, count(*) AS postings,
                max(leg) AS last_leg, bool_and((
                    SELECT a.currency = n.currency FROM ledger_account a WHERE a.id = n.ledger_account_id
                ) IS TRUE) AS accounts_fit
            FROM new_rows n GROUP BY entry_id, account_id, currency
        ) p GROUP BY entry_id, account_id OFFSET 0
    ) checked WHERE (is_balanced AND accounts_fit AND postings = legs AND last_leg = legs) IS NOT TRUE LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF NOT wrong.is_balanced THEN
        RAISE EXCEPTION 'the postings of entry % do not sum to zero', wrong.entry_id
            USING ERRCODE = 'integrity_constraint_violation';
    ELSIF NOT wrong.accounts_fit THEN
        RAISE EXCEPTION 'no ledger_account_id of that currency for a posting of entry %', wrong.entry_id
            USING ERRCODE = 'foreign_key_violation';
    ELSIF wrong.legs IS NULL THEN
        RAISE EXCEPTION 'there is no entry % of that account', wrong.entry_id
            USING ERRCODE = 'foreign_key_violation';
    ELSIF wrong.last_leg > wrong.legs THEN
        RAISE EXCEPTION 'entry % has all its postings', wrong.entry_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RAISE EXCEPTION 'entry % lacks postings', wrong.entry_id USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Constraints that say nothing new ----------------------------------------------------------------------------------
-- The pairs of outcome and status that a decision may have are listed, and neither may be null.
ALTER TABLE ledger_decision
    DROP CONSTRAINT IF EXISTS ledger_decision_outcome_check,
    DROP CONSTRAINT IF EXISTS ledger_decision_status_check;
