-- What was asked before there were approvals counts as approved by the migration.
INSERT INTO rules_approvalrequest
    (rule_id, version_id, kind, note, asked_by, asked_at, state, decided_by, decided_at, decision_note)
SELECT DISTINCT ON (m.version_id) m.rule_id, m.version_id, 'publish', '', v.author, v.created_at, 'approved',
    'migration', r.published_at, 'was live before approvals were kept'
FROM rules_rulesetmember m
    JOIN rules_ruleversion v ON v.id = m.version_id
    JOIN rules_rulesetversion r ON r.id = m.ruleset_id
ORDER BY m.version_id, r.published_at;

ALTER TABLE rules_approvalrequest ADD CONSTRAINT request_version_of_rule
    FOREIGN KEY (version_id, rule_id) REFERENCES rules_ruleversion (id, rule_id);

-- A decided request never changes, an open one only by being decided, and nobody approves what they wrote.
CREATE FUNCTION rules_request_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.state <> 'open' OR (NEW.rule_id, NEW.version_id, NEW.kind, NEW.note, NEW.asked_by,
            NEW.asked_at) IS DISTINCT FROM (OLD.rule_id, OLD.version_id, OLD.kind, OLD.note, OLD.asked_by,
            OLD.asked_at)) THEN
        RAISE EXCEPTION 'changing request % is refused: it is kept as it was', OLD.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state = 'approved' AND NEW.decided_by = (SELECT author FROM rules_ruleversion WHERE id = NEW.version_id)
            THEN
        RAISE EXCEPTION 'approving is refused: % wrote the version', NEW.decided_by
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decided_by_a_colleague BEFORE INSERT OR UPDATE ON rules_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION rules_request_changes();
CREATE TRIGGER is_kept BEFORE DELETE ON rules_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION sentinel_refuse_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON rules_approvalrequest
    FOR EACH STATEMENT EXECUTE FUNCTION sentinel_refuse_change();

-- Break-glass tightens and ends within a day.
CREATE FUNCTION rules_check_break_glass() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT action FROM rules_ruleversion WHERE id = NEW.version_id) = 'allow' THEN
        RAISE EXCEPTION 'break-glass is refused: the rule allows' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.expires_at > NEW.created_at + interval '24 hours' THEN
        RAISE EXCEPTION 'break-glass is refused: it would last for more than a day'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_tightens BEFORE INSERT ON rules_breakglass
    FOR EACH ROW EXECUTE FUNCTION rules_check_break_glass();
SELECT sentinel_make_insert_only('rules_breakglass');

-- A version takes part in decisions when a colleague of its author approved it, or while break-glass lets it in.
CREATE FUNCTION rules_member_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.expires_at IS NOT NULL THEN
        IF NOT EXISTS (SELECT FROM rules_breakglass b
                WHERE b.version_id = NEW.version_id AND b.expires_at = NEW.expires_at) THEN
            RAISE EXCEPTION 'publishing version % is refused: no glass was broken for it', NEW.version_id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    ELSIF NOT EXISTS (SELECT FROM rules_approvalrequest a JOIN rules_ruleversion v ON v.id = a.version_id
            WHERE a.version_id = NEW.version_id AND a.kind = 'publish' AND a.state = 'approved'
                AND a.decided_by <> v.author) THEN
        RAISE EXCEPTION 'publishing version % is refused: nobody but its author approved it', NEW.version_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER member_allowed BEFORE INSERT ON rules_rulesetmember
    FOR EACH ROW EXECUTE FUNCTION rules_member_allowed();

-- Snoozes and alarms end, and are kept.
CREATE TRIGGER is_kept BEFORE DELETE ON rules_rulesnooze
    FOR EACH ROW EXECUTE FUNCTION sentinel_refuse_change();
CREATE TRIGGER is_kept BEFORE DELETE ON rules_alarm
    FOR EACH ROW EXECUTE FUNCTION sentinel_refuse_change();
