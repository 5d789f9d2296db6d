#!/bin/sh
# workflow.sh - checks that .github/workflows/checks.yml runs the make targets of .ci/run, no more and no fewer.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The words of the make commands that name targets: no variables, nothing in quotes.
targets() {
    sed "s/'[^']*'//g" | tr -s ' ,"}' '\n' | grep -E '^[a-z][a-z0-9-]+$' | sort
}
sed -n 's/^step make //p' .ci/run | targets >"$work/ci"
sed -n 's/^ *- {name: .*make: //p' .github/workflows/checks.yml | targets >"$work/workflow"
[ -s "$work/ci" ] || { echo "workflow.sh: no targets found in .ci/run" >&2; exit 1; }
diff -u "$work/ci" "$work/workflow" || { echo "workflow.sh: checks.yml and .ci/run differ" >&2; exit 1; }
