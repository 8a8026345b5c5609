#!/bin/sh
# Checks that the committed pages in ui/dist are what the sources build to, that the types are those of
# docs/openapi.json, and that the sources type-check. Needs Node 20.19 or newer and npm.
set -eu
cd "$(dirname "$0")/../ui"

if ! command -v npm >/dev/null 2>&1; then
	echo "ui-check: npm is not installed; install Node 20.19 or newer" >&2
	exit 1
fi

# Dependencies are installed when the lock file is newer than what was installed from it.
if [ ! -f node_modules/.installed ] || [ package-lock.json -nt node_modules/.installed ]; then
	npm ci --no-audit --no-fund --loglevel=error
	touch node_modules/.installed
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT INT TERM

npx --no-install openapi-typescript ../docs/openapi.json --output "$tmp/schema.ts" >/dev/null
if ! cmp -s "$tmp/schema.ts" src/shared/schema.ts; then
	echo "ui-check: src/shared/schema.ts is not what docs/openapi.json says: run npm run types in ui/" >&2
	exit 1
fi
npx --no-install tsc --noEmit
npx --no-install vite build --logLevel error --outDir "$tmp/dist" --emptyOutDir
if ! diff -r "$tmp/dist" dist >/dev/null; then
	diff -rq "$tmp/dist" dist >&2 || true
	echo "ui-check: ui/dist is not what the sources build to: run npm run build in ui/ and commit dist" >&2
	exit 1
fi
echo "ui-check: dist, types and schema agree"
