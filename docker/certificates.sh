#!/bin/sh
# Makes a private authority and a certificate for each server, for trying things out:
#     docker/certificates.sh [HOST] [FOLDER]
# HOST is the name people call, localhost unless told. A bank's own authority takes the place of this one: the same
# files, in the same folder. The authority's key is needed to make certificates only; keep it elsewhere.
set -eu
host=${1:-localhost}
folder=${2:-"$(dirname "$0")/secrets"}
days=397
mkdir -p "$folder"
chmod 700 "$folder"
cd "$folder"
umask 077

if [ ! -f ca.pem ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -sha256 \
        -subj "/CN=SentinelStream private authority" -keyout ca.key -out ca.pem \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
fi

certificate() { # name, alternative names
    rm -f "$1.key" "$1.pem"
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.csr" 2>/dev/null
    printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=%s\n' \
        "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days $days -sha256 \
        -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    rm "$1.csr" "$1.ext"
}

for server in postgres valkey rabbitmq; do
    certificate "$server" "DNS:$server,DNS:localhost,IP:127.0.0.1"
done
certificate nginx "DNS:$host"

# The servers run as users of their own in their containers; the folder itself is closed to others here.
chmod 444 ./*.pem postgres.key valkey.key rabbitmq.key nginx.key
chmod 400 ca.key
echo "Certificates for $host, postgres, valkey and rabbitmq are in $folder, good for $days days."
