-- A member's version is a version of its rule.
ALTER TABLE rules_rulesetmember
    ADD CONSTRAINT ruleset_member_version_of_rule
    FOREIGN KEY (version_id, rule_id) REFERENCES rules_ruleversion (id, rule_id);

-- What was written, and what was live, is never changed.
SELECT sentinel_make_insert_only(target)
FROM unnest(ARRAY['rules_ruleversion', 'rules_rulesetversion', 'rules_rulesetmember']::regclass[]) AS target;
