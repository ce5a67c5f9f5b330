DROP TRIGGER refuse_change ON rules_ruleversion;
DROP TRIGGER refuse_truncate ON rules_ruleversion;
DROP TRIGGER refuse_change ON rules_rulesetversion;
DROP TRIGGER refuse_truncate ON rules_rulesetversion;
DROP TRIGGER refuse_change ON rules_rulesetmember;
DROP TRIGGER refuse_truncate ON rules_rulesetmember;
ALTER TABLE rules_rulesetmember DROP CONSTRAINT ruleset_member_version_of_rule;
