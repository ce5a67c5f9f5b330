-- Approval of a version is asked for with a simulation of it. What is shipped comes without: there is no past yet.
CREATE FUNCTION rules_simulated_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'publish' AND NEW.asked_by <> 'system' AND NOT EXISTS (
            SELECT FROM rules_simulation s WHERE s.version_id = NEW.version_id AND s.state = 'done') THEN
        RAISE EXCEPTION 'asking for approval of version % is refused: it was not simulated', NEW.version_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER simulated_first BEFORE INSERT ON rules_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION rules_simulated_first();
