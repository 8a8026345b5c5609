#!/usr/bin/env bash
# lint.sh LINTER: formatting, vet and linters over both modules. Warnings are failures.
set -euo pipefail
cd "$(dirname "$0")/.."
linter=$1
bad=$(git -c 'safe.directory=*' ls-files '*.go' | xargs gofmt -l)
[ -z "$bad" ] || { echo "lint: not gofmt-ed:"; echo "$bad"; exit 1; }
go vet ./...
go vet -tags e2e ./e2e/...
"$linter" run ./...
(cd tools && go vet ./...)
go mod verify >/dev/null
go mod tidy -diff >/dev/null || { echo "lint: go.mod is not tidy: run go mod tidy"; exit 1; }
for script in scripts/*.sh .ci/run; do bash -n "$script"; done
echo "lint: clean"
