-- What was found stays as it was found: a rule's approval rests on it.
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON rules_simulation
    FOR EACH ROW WHEN (OLD.state = 'done') EXECUTE FUNCTION sentinel_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON rules_simulation
    FOR EACH STATEMENT EXECUTE FUNCTION sentinel_refuse_change();
