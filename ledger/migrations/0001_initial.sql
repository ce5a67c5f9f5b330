-- The big tables: partitioned by month of their UUIDv7 id, primary key (id, account_id).
-- Partitions are made by ledger/services/partitions.py; keys are spread by hash instead.

CREATE TABLE ledger_transaction (
    id uuid NOT NULL,
    account_id varchar(64) NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    client_id uuid NOT NULL,
    livemode boolean NOT NULL,
    transaction_type varchar(20) NOT NULL
        CHECK (transaction_type IN ('purchase', 'withdrawal', 'transfer', 'top_up')),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    currency varchar(3) NOT NULL,
    reference varchar(200),
    channel varchar(20),
    merchant_id varchar(100),
    merchant_name varchar(200),
    merchant_category varchar(4),
    merchant_country varchar(2),
    counterparty_account_id varchar(64),
    location_country varchar(2),
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    detail_commitment bytea NOT NULL,
    PRIMARY KEY (id, account_id),
    CHECK ((transaction_type = 'transfer') = (counterparty_account_id IS NOT NULL)),
    CHECK (counterparty_account_id <> account_id),
    -- A payment has its accounts' currency, and client, accounts and payment are all live or all test.
    FOREIGN KEY (account_id, currency, livemode) REFERENCES ledger_account (id, currency, livemode),
    FOREIGN KEY (counterparty_account_id, currency, livemode) REFERENCES ledger_account (id, currency, livemode),
    FOREIGN KEY (client_id, livemode) REFERENCES api_gatewayclient (id, livemode)
) PARTITION BY RANGE (id);
-- Read by: rebuilding a history, the daily limit of an earlier day, an account's page.
CREATE INDEX ledger_transaction_account_time ON ledger_transaction (account_id, occurred_at);
-- Read by: a client's own history, newest first.
CREATE INDEX ledger_transaction_client ON ledger_transaction (client_id, id DESC);
-- Read by: a client looking for its own reference.
CREATE INDEX ledger_transaction_reference ON ledger_transaction (client_id, reference) WHERE reference IS NOT NULL;

CREATE TABLE ledger_decision (
    transaction_id uuid NOT NULL,
    account_id varchar(64) NOT NULL,
    outcome varchar(10) NOT NULL CHECK (outcome IN ('approve', 'review', 'decline')),
    status varchar(10) NOT NULL CHECK (status IN ('approved', 'held', 'declined')),
    fraud_probability double precision CHECK (fraud_probability BETWEEN 0 AND 1),
    score_percentile double precision CHECK (score_percentile BETWEEN 0 AND 1),
    reasons jsonb NOT NULL,
    ruleset_version integer NOT NULL,
    policy_version integer NOT NULL,
    model_version varchar(60),
    catalogue_version smallint NOT NULL,
    snapshot bytea NOT NULL,
    degraded varchar(40)[] NOT NULL,
    receipt bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, account_id),
    FOREIGN KEY (transaction_id, account_id) REFERENCES ledger_transaction (id, account_id),
    CHECK ((outcome, status) IN (('approve', 'approved'), ('review', 'held'), ('decline', 'declined')))
) PARTITION BY RANGE (transaction_id);

CREATE TABLE ledger_personaldetail (
    transaction_id uuid NOT NULL,
    account_id varchar(64) NOT NULL,
    salt bytea NOT NULL,
    card_token varchar(100),
    card_bin varchar(8),
    card_last4 varchar(4),
    device_id varchar(100),
    ip_address varchar(45),
    user_agent varchar(500),
    location_city varchar(100),
    latitude double precision CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision CHECK (longitude BETWEEN -180 AND 180),
    metadata jsonb,
    PRIMARY KEY (transaction_id, account_id),
    FOREIGN KEY (transaction_id, account_id) REFERENCES ledger_transaction (id, account_id)
) PARTITION BY RANGE (transaction_id);

CREATE TABLE ledger_entry (
    id uuid NOT NULL,
    account_id varchar(64) NOT NULL REFERENCES ledger_account (id),
    transaction_id uuid,
    kind varchar(10) NOT NULL CHECK (kind IN ('opening', 'payment', 'reversal')),
    legs smallint NOT NULL CHECK (legs >= 2),
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (id, account_id),
    FOREIGN KEY (transaction_id, account_id) REFERENCES ledger_transaction (id, account_id),
    CHECK ((kind = 'opening') = (transaction_id IS NULL))
) PARTITION BY RANGE (id);
-- Read by: a transaction's page and its receipt.
CREATE INDEX ledger_entry_transaction ON ledger_entry (transaction_id);

CREATE TABLE ledger_posting (
    entry_id uuid NOT NULL,
    account_id varchar(64) NOT NULL,
    leg smallint NOT NULL CHECK (leg > 0),
    ledger_account_id varchar(64) NOT NULL,
    debit_minor bigint NOT NULL DEFAULT 0 CHECK (debit_minor >= 0),
    credit_minor bigint NOT NULL DEFAULT 0 CHECK (credit_minor >= 0),
    currency varchar(3) NOT NULL,
    PRIMARY KEY (entry_id, account_id, leg),
    FOREIGN KEY (entry_id, account_id) REFERENCES ledger_entry (id, account_id),
    -- Money is only ever posted to an account in the account's currency.
    FOREIGN KEY (ledger_account_id, currency) REFERENCES ledger_account (id, currency),
    CHECK ((debit_minor > 0) <> (credit_minor > 0))
) PARTITION BY RANGE (entry_id);
-- Read by: balance checks (the sum of an account's postings) and statements.
CREATE INDEX ledger_posting_ledger_account ON ledger_posting (ledger_account_id, entry_id);

CREATE TABLE ledger_event (
    id uuid NOT NULL,
    account_id varchar(64) NOT NULL,
    transaction_id uuid NOT NULL,
    client_id uuid NOT NULL,
    type varchar(50) NOT NULL,
    sequence smallint NOT NULL CHECK (sequence > 0),
    payload jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (id, account_id),
    FOREIGN KEY (transaction_id, account_id) REFERENCES ledger_transaction (id, account_id)
) PARTITION BY RANGE (id);
-- Read by: a transaction's page, and the next sequence number.
CREATE INDEX ledger_event_transaction ON ledger_event (transaction_id);

CREATE TABLE ledger_idempotencykey (
    client_id uuid NOT NULL REFERENCES api_gatewayclient (id),
    key varchar(255) NOT NULL,
    operation varchar(20) NOT NULL,
    fingerprint bytea,
    subject_id uuid,
    voided_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (client_id, key),
    CHECK ((subject_id IS NULL) = (fingerprint IS NULL)),
    CHECK (subject_id IS NOT NULL OR voided_at IS NOT NULL)
) PARTITION BY HASH (client_id, key);
-- Read by: forgetting keys that are older than the published number of days.
CREATE INDEX ledger_idempotencykey_created ON ledger_idempotencykey USING brin (created_at);

DO $$
BEGIN
    FOR part IN 0..7 LOOP
        EXECUTE format(
            'CREATE TABLE ledger_idempotencykey_%s PARTITION OF ledger_idempotencykey'
            ' FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
    END LOOP;
END $$;

-- Facts that hang on a transaction of their own account.
ALTER TABLE ledger_hold
    ADD FOREIGN KEY (transaction_id, account_id) REFERENCES ledger_transaction (id, account_id);
ALTER TABLE ledger_reversal
    ADD FOREIGN KEY (transaction_id, account_id) REFERENCES ledger_transaction (id, account_id);
ALTER TABLE ledger_label
    ADD FOREIGN KEY (transaction_id, account_id) REFERENCES ledger_transaction (id, account_id);
-- Approving a hold moves its money, ending it otherwise moves none.
ALTER TABLE ledger_holdresolution ADD CHECK ((resolution = 'approved') = (entry_id IS NOT NULL));
-- Room on each page, so that the balance of a busy account is rewritten in place.
ALTER TABLE ledger_accountbalance SET (fillfactor = 50);

-- Insert only -----------------------------------------------------------------------------------------------------
CREATE FUNCTION sentinel_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of % is refused: its rows are never changed, a correction is a new row', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Refuses UPDATE, DELETE and TRUNCATE for everybody, the owner included. Called by migrations of other apps too.
CREATE FUNCTION sentinel_make_insert_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON %s'
                   ' FOR EACH ROW EXECUTE FUNCTION sentinel_refuse_change()', target);
    EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION sentinel_refuse_change()', target);
END $$;

SELECT sentinel_make_insert_only(target) FROM unnest(ARRAY[
    'ledger_transaction', 'ledger_decision', 'ledger_entry', 'ledger_posting', 'ledger_hold', 'ledger_holdresolution',
    'ledger_reversal', 'ledger_event', 'ledger_label', 'ledger_auditentry', 'ledger_operationreceipt'
]::regclass[]) AS target;

-- Postings sum to zero ----------------------------------------------------------------------------------------------
-- Once per statement over the rows it brought. An entry says how many legs it has and its legs are numbered, so none
-- can be added to it later.
CREATE FUNCTION ledger_check_postings_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unbalanced uuid;
BEGIN
    SELECT entry_id INTO unbalanced FROM new_postings
        GROUP BY entry_id, currency HAVING sum(debit_minor) <> sum(credit_minor) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the postings of entry % do not sum to zero', unbalanced
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT p.entry_id INTO unbalanced FROM new_postings p
        JOIN ledger_entry e ON e.id = p.entry_id AND e.account_id = p.account_id WHERE p.leg > e.legs LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % has all its postings', unbalanced USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER postings_balance AFTER INSERT ON ledger_posting REFERENCING NEW TABLE AS new_postings
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_postings_balance();

-- At commit, an entry has all its postings.
CREATE FUNCTION ledger_check_entry_complete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM ledger_posting WHERE entry_id = NEW.id AND account_id = NEW.account_id) <> NEW.legs THEN
        RAISE EXCEPTION 'entry % lacks postings', NEW.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER entry_complete AFTER INSERT ON ledger_entry DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_check_entry_complete();

-- The state machine ----------------------------------------------------------------------------------------------
-- A hold needs a decision that held; it is resolved once (primary key); a reversal needs an approved transaction and
-- never takes the sum of reversals over its amount. The balance row serialises writers of one account.
CREATE FUNCTION ledger_check_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM ledger_decision WHERE transaction_id = NEW.transaction_id AND status = 'held') THEN
        RAISE EXCEPTION 'transaction % was not held', NEW.transaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER hold_allowed AFTER INSERT ON ledger_hold DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION ledger_check_hold();

CREATE FUNCTION ledger_check_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    paid bigint;
    reversed bigint;
BEGIN
    PERFORM FROM ledger_accountbalance WHERE account_id = NEW.account_id FOR UPDATE;
    SELECT t.amount_minor INTO paid
        FROM ledger_transaction t
        JOIN ledger_decision d ON d.transaction_id = t.id AND d.account_id = t.account_id
        LEFT JOIN ledger_holdresolution r ON r.hold_id = t.id
        WHERE t.id = NEW.transaction_id AND t.account_id = NEW.account_id AND t.currency = NEW.currency
            AND (d.status = 'approved' OR r.resolution = 'approved');
    IF paid IS NULL THEN
        RAISE EXCEPTION 'transaction % is not approved', NEW.transaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT coalesce(sum(amount_minor), 0) INTO reversed FROM ledger_reversal WHERE transaction_id = NEW.transaction_id;
    IF NEW.amount_minor <= 0 OR reversed + NEW.amount_minor > paid THEN
        RAISE EXCEPTION 'reversals of transaction % would exceed its amount', NEW.transaction_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER reversal_allowed BEFORE INSERT ON ledger_reversal
    FOR EACH ROW EXECUTE FUNCTION ledger_check_reversal();

-- Status, derived --------------------------------------------------------------------------------------------------
CREATE VIEW ledger_transactionstatus AS
SELECT
    d.transaction_id,
    d.account_id,
    coalesce(v.reversed_minor, 0) AS reversed_minor,
    CASE
        WHEN v.reversed_minor >= t.amount_minor THEN 'reversed'
        WHEN v.reversed_minor > 0 THEN 'partly_reversed'
        WHEN r.resolution = 'voided' THEN 'declined'
        ELSE coalesce(r.resolution, d.status)
    END AS status
FROM ledger_decision d
JOIN ledger_transaction t ON t.id = d.transaction_id AND t.account_id = d.account_id
LEFT JOIN ledger_holdresolution r ON r.hold_id = d.transaction_id
LEFT JOIN LATERAL (
    SELECT sum(amount_minor) AS reversed_minor FROM ledger_reversal WHERE transaction_id = d.transaction_id
) v ON true;
