#!/bin/sh
# posix.sh TARGET CARGO test OPTION... - tests the library as systems get it that have nothing but POSIX, on this one
# (src/sys/os/posix.rs): it imports no function that POSIX lacks, and passes the tests. What it cannot do stands in
# tests/posix/left_out.txt; each of those tests must fail, so that none is left out that would pass. SOCKUTIL_LIBDIR: the
# libraries. TESTS chooses test programs.
set -eu
target=$1
cargo=$2
shift 3
for test in ${TESTS:-}; do set -- "$@" --test "$test"; done

# The functions of POSIX.1-2008 that a library for sockets may want, and what the compiler adds.
nm -D --undefined-only "$SOCKUTIL_LIBDIR/libsockutil.so" | sed -n 's/^ *U \([^@]*\).*/\1/p' | sort >"$target/imports"
sed -e '/^#/d' -e '/^$/d' tests/posix/functions.txt | sort >"$target/allowed"
[ -s "$target/imports" ]
strange=$(comm -23 "$target/imports" "$target/allowed")
[ -z "$strange" ] || {
    echo "posix.sh: the library imports what is not in tests/posix/functions.txt: $strange" >&2
    exit 1
}

# Lines "PROGRAM TEST" of the chosen programs, after a line "= REASON", or "? REASON" if they may pass.
awk -v chosen="${TESTS:-}" '
    /^#/ || /^$/ { next }
    /^[=?] / { sign = $1; reason = substr($0, 3); next }
    chosen == "" || index(" " chosen " ", " " $1 " ") { print $1, $2, sign, reason }
' tests/posix/left_out.txt >"$target/left-out"
options='--exact'
while read -r _ test _; do options="$options --skip $test"; done <"$target/left-out"

# shellcheck disable=SC2086
sh tests/programs.sh "$cargo" test "$@" -- $options

# They fail, and none passes by chance.
cut -d ' ' -f 1 "$target/left-out" | sort -u >"$target/programs"
while read -r program; do
    names=$(sed -n "s/^$program \([^ ]*\) = .*/\1/p" "$target/left-out")
    [ "$names" ] || continue
    # shellcheck disable=SC2086
    sh tests/programs.sh "$cargo" test --locked --no-default-features --features classic-names,test-shipped --test "$program" \
        -- --exact $names >"$target/without" 2>&1 </dev/null || :
    for name in $names; do
        grep -Fqx "test $program $name ... FAILED" "$target/without" || {
            cat "$target/without" >&2
            echo "posix.sh: $program $name: it does not fail with POSIX alone, so why is it left out?" >&2
            exit 1
        }
    done
done <"$target/programs"
while read -r program test _ reason; do
    echo "left out: $reason: $program $test" >>"$SOCKUTIL_LEFT_OUT"
done <"$target/left-out"
