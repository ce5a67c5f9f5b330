DROP TRIGGER keeps_identity ON rules_listitem;
DROP FUNCTION rules_keep_item_identity;
DROP TRIGGER imported_alone ON rules_listitem;
DROP FUNCTION rules_check_imported_alone;
