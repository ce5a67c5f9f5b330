-- The facts, partitioned by month of the transaction's UUIDv7 like the ledger; ledger/services/partitions.py makes the
-- months. The foreign keys of a star are left out: each would cost a look-up for each row, and rows are joined to
-- their dimensions as they are written.
CREATE TABLE dashboard_decisionfact (
    transaction_id uuid NOT NULL,
    account_id varchar(64) NOT NULL,
    merchant_id bigint NOT NULL,
    day date NOT NULL,
    hour smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
    outcome_code varchar(20) NOT NULL,
    model_version varchar(60) NOT NULL,
    transaction_type varchar(20) NOT NULL,
    channel varchar(20) NOT NULL,
    location_country varchar(2) NOT NULL,
    currency varchar(3) NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    amount_reporting_minor bigint CHECK (amount_reporting_minor >= 0),
    reversed_minor bigint NOT NULL,
    score_percentile double precision CHECK (score_percentile BETWEEN 0 AND 1),
    fraud_probability double precision CHECK (fraud_probability BETWEEN 0 AND 1),
    is_degraded boolean NOT NULL,
    is_fraud boolean,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by varchar(150) NOT NULL,
    PRIMARY KEY (transaction_id, account_id),
    CHECK (reversed_minor BETWEEN 0 AND amount_minor),
    CHECK ((day, hour) = ((occurred_at AT TIME ZONE 'UTC')::date, extract(hour FROM occurred_at AT TIME ZONE 'UTC'))),
    CHECK ((resolved_at IS NOT NULL) = (outcome_code LIKE 'review.%' AND outcome_code <> 'review.held')),
    CHECK (resolved_at IS NOT NULL OR resolved_by = '')
) PARTITION BY RANGE (transaction_id);
-- Read by: rolling an hour up, and the list of decisions.
CREATE INDEX dashboard_decisionfact_time ON dashboard_decisionfact (occurred_at, transaction_id);
-- Read by: what reviewers did.
CREATE INDEX dashboard_decisionfact_resolved ON dashboard_decisionfact (resolved_at)
    INCLUDE (recorded_at, outcome_code, is_fraud, resolved_by, currency) WHERE resolved_at IS NOT NULL;
-- Read by: how long reviews wait.
CREATE INDEX dashboard_decisionfact_held ON dashboard_decisionfact (recorded_at)
    INCLUDE (outcome_code, currency, amount_minor) WHERE outcome_code = 'review.held';

CREATE TABLE dashboard_rulefact (
    transaction_id uuid NOT NULL,
    version integer NOT NULL,
    had_a_say boolean NOT NULL,
    PRIMARY KEY (transaction_id, version)
) PARTITION BY RANGE (transaction_id);

INSERT INTO dashboard_hourdimension (hour, part)
SELECT hour, (ARRAY['night', 'morning', 'afternoon', 'evening'])[hour / 6 + 1] FROM generate_series(0, 23) hour;

INSERT INTO dashboard_outcomedimension (code, outcome, status, declined_for, words) VALUES
    ('approve', 'approve', 'approved', '', 'approved at once'),
    ('review.held', 'review', 'held', '', 'waits for a reviewer'),
    ('review.approved', 'review', 'approved', '', 'approved by a reviewer'),
    ('review.declined', 'review', 'declined', '', 'declined by a reviewer'),
    ('review.expired', 'review', 'expired', '', 'review expired'),
    ('review.voided', 'review', 'voided', '', 'voided during the review'),
    ('decline.risk', 'decline', 'declined', 'risk', 'declined for its risk'),
    ('decline.account', 'decline', 'declined', 'account', 'declined for the account or its money');

INSERT INTO dashboard_modeldimension (version, kind) VALUES ('', '');
