-- What files bring without a second person is bounded: within a day at most 1,000 items by one person, and as many on
-- one list, however many files they come in. The setting SENTINEL_LIST_IMPORT_APPROVAL_LINES may be lower, not higher.
-- Counted from the earliest moment of the statement on, so that moments in the past only count more.
CREATE FUNCTION rules_check_imported_alone() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    importer varchar;
BEGIN
    FOR importer IN
        SELECT DISTINCT owner FROM changed WHERE source = 'import' AND approved_by = '' ORDER BY owner
    LOOP
        PERFORM pg_advisory_xact_lock(x'696d70'::int, hashtext(importer));  -- list_import_limits.importer_lock
    END LOOP;
    IF FOUND AND EXISTS (
        SELECT FROM (
            SELECT owner, list_id, min(created_at) - interval '1 day' AS since FROM changed
            WHERE source = 'import' AND approved_by = '' GROUP BY owner, list_id
        ) AS added
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE item.owner = added.owner) AS of_person,
                count(*) FILTER (WHERE item.list_id = added.list_id) AS of_list
            FROM rules_listitem AS item
            WHERE item.source = 'import' AND item.approved_by = '' AND item.created_at > added.since
        ) AS alone
        WHERE alone.of_person > 1000 OR alone.of_list > 1000
    ) THEN
        RAISE EXCEPTION 'more than 1,000 imported items within a day need a second person'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'list_items_imported_alone';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER imported_alone AFTER INSERT ON rules_listitem
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION rules_check_imported_alone();

-- Whose an item is, where it came from, and who approved it is settled when it is added.
CREATE FUNCTION rules_keep_item_identity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'value, source, owner and approval of an item stay as they are'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'list_item_keeps_identity';
END $$;

CREATE TRIGGER keeps_identity BEFORE UPDATE ON rules_listitem FOR EACH ROW
    WHEN ((OLD.list_id, OLD.value, OLD.source, OLD.owner, OLD.approved_by, OLD.created_at, OLD.added_revision)
        IS DISTINCT FROM
        (NEW.list_id, NEW.value, NEW.source, NEW.owner, NEW.approved_by, NEW.created_at, NEW.added_revision))
    EXECUTE FUNCTION rules_keep_item_identity();
