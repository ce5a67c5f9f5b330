DROP TRIGGER only_tightens ON scoring_policyrelease;
DROP FUNCTION scoring_policy_only_tightens;
DROP FUNCTION scoring_policy_is_tighter;
DROP FUNCTION scoring_policy_threshold;
