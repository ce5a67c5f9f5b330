DROP TRIGGER is_kept ON rules_alarm;
DROP TRIGGER is_kept ON rules_rulesnooze;
DROP TRIGGER member_allowed ON rules_rulesetmember;
DROP FUNCTION rules_member_allowed;
DROP TRIGGER only_tightens ON rules_breakglass;
DROP FUNCTION rules_check_break_glass;
DROP TRIGGER decided_by_a_colleague ON rules_approvalrequest;
DROP FUNCTION rules_request_changes;
