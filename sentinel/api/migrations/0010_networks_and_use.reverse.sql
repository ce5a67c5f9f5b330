ALTER TABLE api_apikey DROP CONSTRAINT api_key_replaces_own;
ALTER TABLE api_gatewayclient DROP CONSTRAINT client_networks_readable;
DROP FUNCTION sentinel_are_networks(jsonb);
