DROP TRIGGER promotion_allowed ON scoring_modelpromotion;
DROP FUNCTION scoring_promotion_allowed;
DROP TRIGGER refuse_truncate ON scoring_modelversion;
DROP TRIGGER is_kept ON scoring_modelversion;
DROP TRIGGER only_state_changes ON scoring_modelversion;
DROP FUNCTION scoring_model_changes;
