-- A finished run stays as it was.
CREATE FUNCTION scoring_evaluation_run_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('done', 'failed') THEN
        RAISE EXCEPTION 'changing evaluation run % is refused: it is finished', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays_finished BEFORE UPDATE ON scoring_evaluationrun
    FOR EACH ROW EXECUTE FUNCTION scoring_evaluation_run_changes();
CREATE TRIGGER is_kept BEFORE DELETE ON scoring_evaluationrun
    FOR EACH ROW EXECUTE FUNCTION sentinel_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON scoring_evaluationrun
    FOR EACH STATEMENT EXECUTE FUNCTION sentinel_refuse_change();
