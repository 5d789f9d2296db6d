#!/bin/sh
# programs.sh CARGO test OPTION... [-- OPTION...] - as `cargo test`, but each test runs in a process of its own, several
# at once: most tests wait rather than compute, and none sees another's descriptors, not even the copies that a process
# holds between fork and exec. The options after -- choose among the tests: NAME, --exact, --skip NAME, --ignored.
#
# Tests that measure time can be late on a busy machine. So up to three that have failed run again when all others have
# ended, and count as passed if they pass three times in a row; this is said.
#
# SOCKUTIL_PRELOAD: a library that is preloaded into the test programs, and not into cargo.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo=$1
shift 2
"$cargo" test --no-run --message-format=json-render-diagnostics "$@" >"$folder/messages"
sed -n 's/.*"kind":\["test"\].*"executable":"\([^"]*\)".*/\1/p' "$folder/messages" >"$folder/programs"
[ -s "$folder/programs" ] || {
    echo "programs.sh: cargo has built no test program" >&2
    exit 1
}
while [ $# -gt 0 ] && [ "$1" != -- ]; do shift; done
[ $# -eq 0 ] || shift

# list PROGRAM OPTION... - the names of its tests.
list() {
    "$@" --list --format terse | sed -n 's/: test$//p'
}

# Those with the longest tests first, so that none is left to run alone at the end.
longest='/\(kinds\|faults\|connecting\|compat\|compat_unp\)-[0-9a-f]*$'
{
    grep "$longest" "$folder/programs" || :
    grep -v "$longest" "$folder/programs" || :
} >"$folder/ordered"
while IFS= read -r program; do
    list "$program" "$@" >"$folder/all"
    # Listed all the same, unless they were asked for.
    case " $* " in
    *" --ignored "* | *" --include-ignored "*) : >"$folder/ignored" ;;
    *) list "$program" "$@" --ignored >"$folder/ignored" ;;
    esac
    name=${program##*/}
    name=${name%-*}
    echo "$name $(wc -l <"$folder/ignored")" >>"$folder/ignored-of"
    grep -Fxv -f "$folder/ignored" "$folder/all" | while IFS= read -r test; do
        printf '%s\0%s\0' "$program" "$test" >>"$folder/tests"
        echo "$name" >>"$folder/chosen"
    done
done <"$folder/ordered"
[ -s "$folder/chosen" ] || {
    echo "programs.sh: no test is called so: $*" >&2
    exit 1
}

# Tests that need a process of their own have it, and what several compile is compiled once (tests/support/once.rs).
SOCKUTIL_ALONE=1
SOCKUTIL_RUN=$(date +%s).$$
export SOCKUTIL_ALONE SOCKUTIL_RUN
# one PROGRAM TEST NUMBER - runs it so often; its output, and false, if that is not that it has passed.
cat >"$folder/one" <<'END'
for _ in $(seq "$3"); do
    said=$(LD_PRELOAD=${SOCKUTIL_PRELOAD:-${LD_PRELOAD:-}} \
        "$1" --exact "$2" --include-ignored --test-threads=1 2>&1) && case $said in
    *"test result: ok. 1 passed;"*) continue ;;
    esac
    printf "%s\n" "$said" | sed "/^test .* FAILED$/d; /^test result: /d"
    exit 1
done
END
export folder
# shellcheck disable=SC2016
xargs -0 -n 2 -P $((2 * $(getconf _NPROCESSORS_ONLN))) sh -c '
    name=${1##*/}
    name=${name%-*}
    if sh "$folder/one" "$1" "$2" 1; then
        echo "$name ok" >>"$folder/ended"
        echo "test $name $2 ... ok"
    else
        printf "\ntest %s %s ... to be seen alone\n" "$name" "$2"
        echo "$name $1 $2" >>"$folder/again"
    fi
' sh <"$folder/tests"
if [ -e "$folder/again" ]; then
    [ "$(wc -l <"$folder/again")" -le 3 ] && few=yes || few=
    # A path may have spaces, the two names have none.
    while IFS= read -r line; do
        name=${line%% *}
        test=${line##* }
        program=${line#* }
        program=${program% *}
        if [ "$few" ] && sh "$folder/one" "$program" "$test" 3; then
            echo "$name ok" >>"$folder/ended"
            echo "test $name $test ... ok"
            echo "passed only alone: $name $test"
        else
            echo "$name FAILED" >>"$folder/ended"
            printf '\ntest %s %s ... FAILED\n' "$name" "$test"
        fi
    done <"$folder/again"
fi

# A line for each program. Every chosen test has ended, and each with success.
echo
while read -r name ignored; do
    passed=$(grep -cx "$name ok" "$folder/ended" || :)
    failed=$(grep -cx "$name FAILED" "$folder/ended" || :)
    echo "test result: $([ "$failed" -eq 0 ] && echo ok || echo FAILED). $passed passed; $failed failed; $ignored ignored: $name"
done <"$folder/ignored-of"
[ "$(wc -l <"$folder/ended")" -eq "$(wc -l <"$folder/chosen")" ]
! grep -q ' FAILED$' "$folder/ended"
