#!/usr/bin/env bash
# fuzz.sh TIME: runs every fuzz test of the module for TIME each. Findings stay under testdata/fuzz: commit them.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-5m}
grep -rln --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | while read -r dir; do
	grep -ho '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go | sed 's/func //' | while read -r name; do
		echo "fuzz: $dir $name for $time"
		go test "$dir" -run '^$' -fuzz "^$name\$" -fuzztime "$time" >/tmp/zapis-fuzz.$$ 2>&1 || {
			# The fuzzer reports its own deadline as a failure when it falls into a slow input: only a real finding counts.
			if grep -q 'Failing input written' /tmp/zapis-fuzz.$$; then cat /tmp/zapis-fuzz.$$; rm -f /tmp/zapis-fuzz.$$; exit 1; fi
			grep -q 'context deadline exceeded' /tmp/zapis-fuzz.$$ || { cat /tmp/zapis-fuzz.$$; exit 1; }
		}
		rm -f /tmp/zapis-fuzz.$$
	done
done
