CREATE OR REPLACE FUNCTION scoring_model_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.version, NEW.kind, NEW.catalogue_version, NEW.sha256, NEW.manifest, NEW.created_at)
            IS DISTINCT FROM (OLD.version, OLD.kind, OLD.catalogue_version, OLD.sha256, OLD.manifest, OLD.created_at)
    THEN
        RAISE EXCEPTION 'changing model % is refused: only its state may change', OLD.version
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.state = 'champion' AND (TG_OP = 'INSERT' OR OLD.state <> 'champion')
            AND NEW.id IS DISTINCT FROM (SELECT model_id FROM scoring_modelpromotion ORDER BY id DESC LIMIT 1) THEN
        RAISE EXCEPTION 'making % the champion is refused: it was not promoted', NEW.version
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION scoring_promotion_allowed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    champion bigint;
BEGIN
    SELECT id INTO champion FROM scoring_modelversion WHERE state = 'champion';
    IF NEW.replaced_id IS DISTINCT FROM champion THEN
        RAISE EXCEPTION 'promoting is refused: another model is the champion'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF champion IS NULL OR NEW.override_reason <> '' THEN
        RETURN NEW;
    END IF;
    IF NEW.is_roll_back AND EXISTS (SELECT FROM scoring_modelpromotion WHERE model_id = NEW.model_id) THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM scoring_modelevaluation WHERE id = NEW.evaluation_id AND passed
            AND model_id = NEW.model_id AND champion_id = champion) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'promoting is refused: the gate did not let this model pass beside the champion'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
