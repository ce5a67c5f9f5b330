DROP TRIGGER keeps_identity ON rules_list;
DROP FUNCTION rules_keep_list_identity();
DROP TRIGGER checked_when_changed ON rules_listitem;
DROP TRIGGER checked_when_added ON rules_listitem;
DROP FUNCTION rules_check_approval();
