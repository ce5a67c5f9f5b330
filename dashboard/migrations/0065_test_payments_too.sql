-- Facts of test payments beside those of live ones. How long reviews wait is read from their cases now.
DROP INDEX dashboard_decisionfact_held;
-- Read by: what reviewers did.
DROP INDEX dashboard_decisionfact_resolved;
CREATE INDEX dashboard_decisionfact_resolved ON dashboard_decisionfact (resolved_at)
    INCLUDE (recorded_at, outcome_code, is_fraud, resolved_by, currency, livemode) WHERE resolved_at IS NOT NULL;
