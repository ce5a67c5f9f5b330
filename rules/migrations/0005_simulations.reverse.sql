DROP TRIGGER refuse_change ON rules_simulation;
DROP TRIGGER refuse_truncate ON rules_simulation;
