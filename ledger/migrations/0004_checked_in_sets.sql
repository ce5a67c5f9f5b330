-- What a row of the record hangs on is looked up once per statement, over the rows the statement brought, and no
-- longer by a foreign key per row. A foreign key into a partitioned table cost some 70 us for each row, locked the
-- row it points at (the bank's own accounts with every payment), and kept old months from being detached.
--
-- A look-up without a lock is as good as a foreign key, since what is looked up stays as it is: transactions and
-- entries are insert-only, and accounts and clients keep who they are, which the next triggers see to.
--
-- What is left of foreign keys: balance, grant and hold resolution point at one row of a table that is not
-- partitioned, and are written seldom.

-- Accounts and clients keep who they are ----------------------------------------------------------------------------
CREATE FUNCTION ledger_refuse_another_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: what the record points at never changes', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER keeps_identity BEFORE UPDATE OF id, kind, currency, livemode ON ledger_account FOR EACH ROW
    WHEN ((OLD.id, OLD.kind, OLD.currency, OLD.livemode) IS DISTINCT FROM (NEW.id, NEW.kind, NEW.currency, NEW.livemode))
    EXECUTE FUNCTION ledger_refuse_another_identity();
CREATE TRIGGER keeps_identity BEFORE UPDATE OF id, livemode ON api_gatewayclient FOR EACH ROW
    WHEN ((OLD.id, OLD.livemode) IS DISTINCT FROM (NEW.id, NEW.livemode))
    EXECUTE FUNCTION ledger_refuse_another_identity();
CREATE TRIGGER is_kept BEFORE DELETE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_another_identity();
CREATE TRIGGER is_kept BEFORE DELETE ON api_gatewayclient
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_another_identity();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_another_identity();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON api_gatewayclient
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_another_identity();
-- Personal details may be erased, and never handed to another payment.
CREATE TRIGGER keeps_identity BEFORE UPDATE OF transaction_id, account_id ON ledger_personaldetail
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_another_identity();

-- Foreign keys that go ----------------------------------------------------------------------------------------------
ALTER TABLE ledger_transaction
    DROP CONSTRAINT ledger_transaction_account_id_currency_livemode_fkey,
    DROP CONSTRAINT ledger_transaction_counterparty_account_id_currency_livemo_fkey,
    DROP CONSTRAINT ledger_transaction_client_id_livemode_fkey;
ALTER TABLE ledger_decision DROP CONSTRAINT ledger_decision_transaction_id_account_id_fkey;
ALTER TABLE ledger_personaldetail DROP CONSTRAINT ledger_personaldetail_transaction_id_account_id_fkey;
ALTER TABLE ledger_event DROP CONSTRAINT ledger_event_transaction_id_account_id_fkey;
ALTER TABLE ledger_label DROP CONSTRAINT ledger_label_transaction_id_account_id_fkey;
ALTER TABLE ledger_entry
    DROP CONSTRAINT ledger_entry_account_id_fkey,
    DROP CONSTRAINT ledger_entry_transaction_id_account_id_fkey;
ALTER TABLE ledger_posting
    DROP CONSTRAINT ledger_posting_entry_id_account_id_fkey,
    DROP CONSTRAINT ledger_posting_ledger_account_id_currency_fkey;
-- Its trigger hold_allowed finds the decision, which hangs on its transaction.
ALTER TABLE ledger_hold DROP CONSTRAINT ledger_hold_transaction_id_account_id_fkey;
-- Its trigger reversal_allowed finds the transaction of the same account.
ALTER TABLE ledger_reversal DROP CONSTRAINT ledger_reversal_transaction_id_account_id_fkey;
-- A key without a client opens nothing: only clients claim keys, and clients are kept.
ALTER TABLE ledger_idempotencykey DROP CONSTRAINT ledger_idempotencykey_client_id_fkey;

-- The checks --------------------------------------------------------------------------------------------------------
-- Each look-up is a scalar subquery, so that it is made by key for each new row. The ids between which the new rows
-- lie let PostgreSQL open the few months it needs, however many there are. Plans are kept by their connection:
-- generic, so that they are made once, and without sequential scans, since tables grow after that. Temporary tables
-- come last in the path: nobody is to be deceived by one that has the name of another table.

-- A payment has its accounts' currency, and client, accounts and payment are all live or all test.
CREATE FUNCTION ledger_check_transactions() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    wrong record;
BEGIN
    SELECT * INTO wrong FROM (
        SELECT t.id,
            (SELECT (a.currency, a.livemode) = (t.currency, t.livemode) FROM ledger_account a
                WHERE a.id = t.account_id) AS payer_fits,
            t.counterparty_account_id IS NULL OR
            (SELECT (a.currency, a.livemode) = (t.currency, t.livemode) FROM ledger_account a
                WHERE a.id = t.counterparty_account_id) AS counterparty_fits,
            (SELECT c.livemode = t.livemode FROM api_gatewayclient c WHERE c.id = t.client_id) AS client_fits
        FROM new_rows t OFFSET 0
    ) checked WHERE (payer_fits AND counterparty_fits AND client_fits) IS NOT TRUE LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'no % with the currency and livemode of transaction %',
            CASE WHEN wrong.payer_fits IS NOT TRUE THEN 'account_id'
                 WHEN wrong.counterparty_fits IS NOT TRUE THEN 'counterparty_account_id'
                 ELSE 'client_id' END, wrong.id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;

-- Decisions, personal details, events and labels hang on a transaction of their own account.
CREATE FUNCTION ledger_check_of_transaction() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    missing uuid;
    lowest uuid;
    highest uuid;
BEGIN
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
CREATE FUNCTION ledger_check_entries() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    wrong record;
    lowest uuid;
    highest uuid;
    lowest_transaction uuid;
    highest_transaction uuid;
BEGIN
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
CREATE FUNCTION ledger_check_postings() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    wrong record;
    lowest uuid;
    highest uuid;
BEGIN
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

CREATE OR REPLACE FUNCTION ledger_check_hold() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM ledger_decision
        WHERE transaction_id = NEW.transaction_id AND account_id = NEW.account_id AND status = 'held'
    ) THEN
        RAISE EXCEPTION 'transaction % was not held', NEW.transaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

ALTER FUNCTION ledger_check_reversal() SET search_path = public, pg_temp;

-- The triggers ------------------------------------------------------------------------------------------------------
DROP TRIGGER postings_balance ON ledger_posting;
DROP TRIGGER entry_complete ON ledger_entry;

CREATE FUNCTION ledger_make_checked(target regclass, checked_by text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER checked AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION %I()', target, checked_by);
END $$;

-- Statement triggers are not inherited: rows that are put into a partition by its own name are checked there.
DO $$
DECLARE
    part regclass;
BEGIN
    FOR part IN SELECT relid FROM pg_partition_tree('ledger_posting') WHERE isleaf LOOP
        EXECUTE format('DROP TRIGGER postings_balance ON %s', part);
    END LOOP;
END $$;

SELECT ledger_make_checked('ledger_label', 'ledger_check_of_transaction');
SELECT ledger_make_checked(part.relid, checks.checked_by)
FROM (VALUES
    ('ledger_transaction', 'ledger_check_transactions'),
    ('ledger_decision', 'ledger_check_of_transaction'),
    ('ledger_personaldetail', 'ledger_check_of_transaction'),
    ('ledger_event', 'ledger_check_of_transaction'),
    ('ledger_entry', 'ledger_check_entries'),
    ('ledger_posting', 'ledger_check_postings')
) AS checks (root, checked_by)
CROSS JOIN LATERAL pg_partition_tree(root::regclass) part;

DROP FUNCTION ledger_check_postings_balance();
DROP FUNCTION ledger_check_entry_complete();

-- Indexes that no query reads -----------------------------------------------------------------------------------------
-- Accounts of these tables are looked for whole, never by their beginning.
DROP INDEX ledger_accountbalance_account_id_f744ee12_like;
DROP INDEX ledger_hold_account_id_96c93480_like;
