#!/usr/bin/env bash
# e2e.sh: the binary of ZAPIS_BIN driven from outside. The kill -9 runs mostly wait (for leases to end, for a record
# to be proven absent), so they run beside the rest.
set -euo pipefail
cd "$(dirname "$0")/.."
run() { go test -tags e2e -count=1 -timeout 12m "$@" ./e2e/...; }
go vet -tags e2e ./e2e/...
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run -run Kill -v >"$log" 2>&1 &
killing=$!
failed=0
run -skip Kill || failed=1
wait "$killing" || failed=1
cat "$log"
exit "$failed"
