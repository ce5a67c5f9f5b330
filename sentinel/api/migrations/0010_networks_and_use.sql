-- What Python could not read as networks would close the API to everybody: it is at least as strict here.
CREATE FUNCTION sentinel_are_networks(networks jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE
    SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN jsonb_typeof(networks) = 'array' AND jsonb_array_length(networks) <= 50 AND NOT EXISTS (
        SELECT FROM jsonb_array_elements_text(networks) AS item
        WHERE item IS NULL OR item !~ '^[0-9a-f.:]+/[0-9]+$' OR masklen(item::cidr) = 0
            OR (family(item::cidr) = 4 AND item <> text(item::cidr))
    );
EXCEPTION WHEN OTHERS THEN
    RETURN false;
END $$;
ALTER TABLE api_gatewayclient
    ADD CONSTRAINT client_networks_readable CHECK (public.sentinel_are_networks(allowed_networks));

-- A key takes the place of one of its own client.
ALTER TABLE api_apikey
    ADD CONSTRAINT api_key_replaces_own FOREIGN KEY (replaces_id, client_id) REFERENCES api_apikey (id, client_id);
