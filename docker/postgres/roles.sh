#!/bin/sh
# Once, in an empty database server: the owner, who migrates, and the runtime role, who cannot change what is recorded.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres \
    --set owner="$(cat /run/secrets/owner_password)" --set app="$(cat /run/secrets/app_password)" <<'SQL'
CREATE ROLE sentinel_owner LOGIN PASSWORD :'owner';
CREATE ROLE sentinel_app LOGIN PASSWORD :'app';
CREATE DATABASE sentinel OWNER sentinel_owner;
SQL
