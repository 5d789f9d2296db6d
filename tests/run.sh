#!/bin/sh
# Runs a command, shows its output, keeps it in a file too, and exits with the command's status.
# usage: run.sh LOG COMMAND [ARGUMENT...]
set -eu
log=$1
shift
mkdir -p "$(dirname "$log")"
rm -f "$log" "$log.status" "$log.left-out"
: >"$log"
SOCKUTIL_LEFT_OUT=$(cd "$(dirname "$log")" && pwd)/$(basename "$log").left-out
export SOCKUTIL_LEFT_OUT
# Raises the limit of open files to 1024, or as far as any process may. Every sh has these options of ulimit, and POSIX
# since 2024.
# shellcheck disable=SC3045
files=$(ulimit -n)
# shellcheck disable=SC3045
[ "$files" = unlimited ] || [ "$files" -ge 1024 ] || ulimit -n 1024 2>/dev/null || ulimit -S -n "$(ulimit -H -n)"

# Nobody should have to ask whether it has died: a line whenever there was none for some seconds.
start=$(date +%s)
(
    size=0
    while sleep 4; do
        before=$size
        size=$(wc -c <"$log")
        [ "$size" -ne "$before" ] || echo "... at work for $(($(date +%s) - start)) s"
    done
) &
clock=$!
trap 'kill "$clock" 2>/dev/null || :' EXIT
{
    status=0
    "$@" 2>&1 || status=$?
    echo "$status" >"$log.status"
} | tee -a "$log"
kill "$clock" 2>/dev/null || :

{
    echo
    # A test that asks twice leaves out the same once.
    [ ! -f "$SOCKUTIL_LEFT_OUT" ] || sort -u "$SOCKUTIL_LEFT_OUT"
    sed -n 's/^test \(.*\) \.\.\. FAILED$/failed: \1/p' "$log"
} | tee -a "$log"
# "test result: ok. 3 passed; 0 failed; ..." and "left out: no IPv6: ..."
awk '
    /^test result: / { passed += $4; failed += $6 }
    /^passed only alone: / { alone++ }
    /^left out: / { split($0, part, ": "); if (!count[part[2]]++) why[++n] = part[2]; total++ }
    END {
        line = passed + 0 " passed, " failed + 0 " failed"
        if (alone) line = line ", " alone " passed only alone"
        for (i = 1; i <= n; i++) reasons = reasons (i > 1 ? ", " : "") why[i] " (" count[why[i]] ")"
        print line (total ? ", " total " left out: " reasons : "")
    }
' "$log" | tee -a "$log"
exit "$(cat "$log.status")"
