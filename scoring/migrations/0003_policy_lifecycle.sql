-- What was published before there were approvals counts as approved and released by the migration.
INSERT INTO scoring_policyrequest
    (version_id, note, asked_by, asked_at, state, decided_by, decided_at, decision_note)
SELECT number, '', author, created_at, 'approved', 'migration', created_at, 'was live before approvals were kept'
FROM scoring_policyversion ORDER BY number;
INSERT INTO scoring_policyrelease (number, live_id, trial_stage, note, published_by, published_at)
SELECT number, number, '', note, author, created_at FROM scoring_policyversion ORDER BY number;

-- A decided request never changes, an open one only by being decided, and nobody approves what they wrote.
CREATE FUNCTION scoring_policy_request_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.state <> 'open' OR (NEW.version_id, NEW.note, NEW.asked_by, NEW.asked_at)
            IS DISTINCT FROM (OLD.version_id, OLD.note, OLD.asked_by, OLD.asked_at)) THEN
        RAISE EXCEPTION 'changing policy request % is refused: it is kept as it was', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state = 'approved' AND NEW.decided_by = (SELECT author FROM scoring_policyversion
            WHERE number = NEW.version_id) THEN
        RAISE EXCEPTION 'approving is refused: % wrote the policy', NEW.decided_by
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decided_by_a_colleague BEFORE INSERT OR UPDATE ON scoring_policyrequest
    FOR EACH ROW EXECUTE FUNCTION scoring_policy_request_changes();
CREATE TRIGGER is_kept BEFORE DELETE ON scoring_policyrequest
    FOR EACH ROW EXECUTE FUNCTION sentinel_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON scoring_policyrequest
    FOR EACH STATEMENT EXECUTE FUNCTION sentinel_refuse_change();

-- A version decides, or is on trial, when a colleague of its author approved it. What break-glass lets in needs no
-- colleague, and ends within a day of when it was let in: a later release may carry it on but not prolong it.
CREATE FUNCTION scoring_policy_release_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused integer;
    before scoring_policyrelease;
BEGIN
    SELECT v.number INTO refused FROM scoring_policyversion v
    WHERE v.number IN (NEW.live_id, NEW.trial_id) AND NOT EXISTS (
        SELECT FROM scoring_policyrequest a
        WHERE a.version_id = v.number AND a.state = 'approved' AND a.decided_by <> v.author)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'releasing policy % is refused: nobody but its author approved it', refused
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT * INTO before FROM scoring_policyrelease ORDER BY number DESC LIMIT 1;
    IF before.emergency_until > NEW.published_at AND NEW.emergency_until > before.emergency_until THEN
        RAISE EXCEPTION 'prolonging break-glass is refused: it ends at %', before.emergency_until
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER release_allowed BEFORE INSERT ON scoring_policyrelease
    FOR EACH ROW EXECUTE FUNCTION scoring_policy_release_allowed();
SELECT sentinel_make_insert_only('scoring_policyrelease');

-- A finished simulation stays as it was.
CREATE FUNCTION scoring_simulation_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state IN ('done', 'failed') THEN
        RAISE EXCEPTION 'changing simulation % is refused: it is finished', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER stays_finished BEFORE UPDATE ON scoring_policysimulation
    FOR EACH ROW EXECUTE FUNCTION scoring_simulation_changes();
CREATE TRIGGER is_kept BEFORE DELETE ON scoring_policysimulation
    FOR EACH ROW EXECUTE FUNCTION sentinel_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON scoring_policysimulation
    FOR EACH STATEMENT EXECUTE FUNCTION sentinel_refuse_change();
