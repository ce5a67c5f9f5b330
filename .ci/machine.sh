# For .ci/run: the machine's own servers with throw-away roles and databases, and an ordinary user. Sourced.
# shellcheck shell=bash

ci_name=sentinel_ci_$$
ordinary_user=sentinelci
ordinary_user_made=false

install_package() { # package
    if [ "$(id -u)" != 0 ]; then
        echo "$1 is missing, and only root can install it. Install it and start again."
        return 1
    fi
    echo "installing $1"
    if [ -z "${apt_is_fresh:-}" ]; then apt-get update -qq && apt_is_fresh=true; fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >"$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log"; return 1; }
}

install_browser() {
    if [ -x "${SENTINEL_TEST_CHROMIUM:-/usr/bin/chromium}" ]; then return; fi
    install_package chromium || echo "Without Chromium the browser tests are skipped."
}

install_nginx() {
    if [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null; then return; fi
    install_package nginx || echo "Without nginx what stands before the service is NOT tested."
}

# Needs Node.js 20 or later, which older releases of Debian do not have: then the committed bundle is taken as it is.
rebuild_bundle() {
    local major
    major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/') || true
    if [ "${major:-0}" -lt 20 ]; then
        echo "Node.js 20 or later is missing: the bundle was NOT built again."
        return
    fi
    frontend/check.sh
}

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_service() { # name, port, package
    if ! port_answers "$2"; then
        [ -e "/etc/init.d/$1" ] || install_package "$3"
        port_answers "$2" || service "$1" start || true
    fi
    for _ in $(seq 90); do
        if port_answers "$2"; then echo "$1 answers on port $2"; return; fi
        sleep 1
    done
    echo "$1 did not answer on port $2 within 90 s."
    return 1
}

as_postgres() { # psql's arguments
    if psql -w -h 127.0.0.1 -U postgres -c '' >/dev/null 2>&1; then
        psql -w -h 127.0.0.1 -U postgres -q -v ON_ERROR_STOP=1 "$@"
    else
        (cd / && runuser -u postgres -- psql -q -v ON_ERROR_STOP=1 "$@")
    fi
}

start_machine_services() {
    start_service postgresql 5432 postgresql
    start_service redis-server 6379 redis-server
    start_service rabbitmq-server 5672 rabbitmq-server

    local password
    password=$($python -c 'import secrets; print(secrets.token_hex(16))')
    cleanups+=(drop_machine_databases)
    as_postgres -c "CREATE ROLE ${ci_name}_owner LOGIN CREATEDB PASSWORD '$password'" \
        -c "CREATE ROLE ${ci_name}_app LOGIN PASSWORD '$password'" \
        -c "CREATE DATABASE $ci_name OWNER ${ci_name}_owner"
    machine_database_url=postgresql://${ci_name}_app:$password@127.0.0.1:5432/$ci_name
    machine_owner_url=postgresql://${ci_name}_owner:$password@127.0.0.1:5432/$ci_name

    # The last of Redis' sixteen databases, emptied: nobody keeps anything there.
    machine_redis_url=redis://127.0.0.1:6379/15
    $python -c "import redis; redis.Redis.from_url('$machine_redis_url').flushdb()"

    machine_broker_url=amqp://guest:guest@127.0.0.1:5672//
    if [ "$(id -u)" = 0 ]; then
        cleanups+=(delete_machine_vhost)
        rabbitmqctl -q add_vhost "$ci_name"
        rabbitmqctl -q set_permissions -p "$ci_name" guest '.*' '.*' '.*'
        machine_broker_url=amqp://guest:guest@127.0.0.1:5672/$ci_name
    fi
}

drop_machine_databases() {
    local database
    for database in $(as_postgres -At -c "SELECT datname FROM pg_database WHERE datname LIKE '%$ci_name%'"); do
        as_postgres -c "DROP DATABASE \"$database\" WITH (FORCE)"
    done
    as_postgres -c "DROP ROLE ${ci_name}_owner" -c "DROP ROLE ${ci_name}_app"
}

delete_machine_vhost() { rabbitmqctl -q delete_vhost "$ci_name"; }

make_ordinary_user() {
    if ! id "$ordinary_user" >/dev/null 2>&1; then
        useradd --create-home "$ordinary_user"
        ordinary_user_made=true
    fi
    cleanups+=(remove_ordinary_user)
    if ! as_ordinary_user python3 -c 'import ensurepip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
        as_ordinary_user python3.11 -c 'import ensurepip' 2>/dev/null || install_package python3.11-venv
    fi
}

as_ordinary_user() {
    (cd / && runuser -u "$ordinary_user" -- env HOME="$(getent passwd "$ordinary_user" | cut -d: -f6)" "$@")
}

remove_ordinary_user() {
    if $ordinary_user_made; then userdel --remove "$ordinary_user" 2>/dev/null; fi
}
