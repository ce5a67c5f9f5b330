#!/bin/sh
# Before the image's own entry point: PostgreSQL wants its key readable by nobody else, and the archive writable.
set -eu
install -d -o postgres -g postgres -m 0700 /archive/wal /archive/base
install -o postgres -g postgres -m 0600 /run/secrets/postgres.key /run/postgresql/postgres.key
exec docker-entrypoint.sh postgres -c config_file=/etc/postgresql/postgresql.conf
