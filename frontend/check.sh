#!/bin/sh
# The committed bundle is what the sources build: the tests of the conversions, then a build beside it, byte by byte.
set -eu
cd "$(dirname "$0")"
npm ci --no-audit --no-fund
npm test
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
BUILDER_OUT="$fresh" npm run build
diff -rq "$fresh" ../static/sentinel/builder || { echo "Run npm run build and commit static/sentinel/builder." >&2; exit 1; }
echo "The committed bundle is up to date."
