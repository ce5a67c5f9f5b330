DROP TRIGGER refuse_truncate ON scoring_evaluationrun;
DROP TRIGGER is_kept ON scoring_evaluationrun;
DROP TRIGGER stays_finished ON scoring_evaluationrun;
DROP FUNCTION scoring_evaluation_run_changes;
