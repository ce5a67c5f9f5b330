-- How many items each list has that were not ended.
UPDATE rules_list SET item_count = counted.items
FROM (SELECT list_id, count(*) AS items FROM rules_listitem WHERE removed_at IS NULL GROUP BY list_id) AS counted
WHERE counted.list_id = rules_list.id;

-- Items of a list that lets payments pass were approved by a second person. That it is not the owner is a check
-- constraint. Items from before there were purposes are not asked: no list was an allow list then.
CREATE FUNCTION rules_check_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM changed JOIN rules_list ON rules_list.id = changed.list_id
        WHERE rules_list.purpose = 'allow' AND changed.approved_by = ''
    ) THEN
        RAISE EXCEPTION 'an item of a list that lets payments pass needs a second person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'list_item_approved';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER checked_when_added AFTER INSERT ON rules_listitem
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rules_check_approval();
CREATE TRIGGER checked_when_changed AFTER UPDATE ON rules_listitem
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rules_check_approval();

-- What a list is kept for is settled when it is made: approvals were asked for by it.
CREATE FUNCTION rules_keep_list_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'name, type and purpose of a list stay as they are'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'list_keeps_identity';
END $$;

CREATE TRIGGER keeps_identity BEFORE UPDATE ON rules_list FOR EACH ROW
    WHEN ((OLD.name, OLD.item_type, OLD.purpose) IS DISTINCT FROM (NEW.name, NEW.item_type, NEW.purpose))
    EXECUTE FUNCTION rules_keep_list_identity();
