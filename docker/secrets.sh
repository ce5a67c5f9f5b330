#!/bin/sh
# Makes every password and key of docker-compose.yml, each random and a file of its own; what is there is kept:
#     docker/secrets.sh [FOLDER]
# Keep a copy of this folder in your vault: without secret_key models cannot be read, without api_key_pepper no key of a
# client works, without webhook_key no endpoint can be signed for.
set -eu
folder=${1:-"$(dirname "$0")/secrets"}
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"
umask 077

random() { # name: letters and digits, so that it needs no quoting in an address
    if [ ! -s "$1" ]; then
        openssl rand -hex 32 >"$1"
    fi
}
written() { # name, content
    if [ ! -s "$1" ]; then
        printf '%s\n' "$2" >"$1"
    fi
}

for name in secret_key jwt_key api_key_pepper webhook_key \
    postgres_password owner_password app_password valkey_password rabbitmq_password grafana_password; do
    random $name
done

database="@postgres:5432/sentinel?sslmode=verify-full"
written database_url "postgresql://sentinel_app:$(cat app_password)$database"
written database_owner_url "postgresql://sentinel_owner:$(cat owner_password)$database"
written redis_url "rediss://sentinel:$(cat valkey_password)@valkey:6379/0"
written broker_url "amqps://sentinel:$(cat rabbitmq_password)@rabbitmq:5671/sentinel"
written email_url "console:"

digest=$(printf '%s' "$(cat valkey_password)" | openssl dgst -sha256 -r | cut -d' ' -f1)
written valkey_users.acl "user default off
user sentinel on #$digest ~* &* +@all -@admin
user health on nopass +ping"
written rabbitmq_user.conf "default_vhost = sentinel
default_user = sentinel
default_pass = $(cat rabbitmq_password)"

# Each is shown to the containers that need it and to no other; the folder itself is closed to others here.
find . -type f ! -name '*.pem' ! -name '*.key' ! -name 'ca.*' -exec chmod 444 {} +
chmod 644 email_url
echo "Passwords and keys are in $folder. Write your mail server into email_url."
