#!/bin/sh
# first_failure.sh PROGRAM [ARGUMENT...] - runs a Rust test program with many threads, since most tests wait rather than
# compute: first the tests that have the name of the file that was changed last, then all. Kills it when a test has
# failed, or when it has computed several times as long as it should. For tests/mutants.sh, where one failure is enough,
# and a change can make a loop endless. A failure counts if the test also fails alone: on a busy machine some tests are
# too late.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
mkfifo "$folder/lines"

# run PROGRAM [ARGUMENT...]
run() {
    prlimit --cpu=30 "$@" --test-threads=16 --skip _EIO >"$folder/lines" 2>&1 &
    program=$!
    doubtful=
    while IFS= read -r line; do
        printf '%s\n' "$line"
        case $line in
        "test "*" ... FAILED")
            test=${line#test }
            test=${test% ... FAILED}
            if prlimit --cpu=30 "$1" --exact "$test"; then
                doubtful=yes
            else
                kill -KILL "$program" 2>/dev/null || :
                exit 1
            fi
            ;;
        esac
    done <"$folder/lines"
    status=0
    wait "$program" || status=$?
    # 101 is "a test has failed".
    [ "$status" -eq 0 ] || { [ "$status" -eq 101 ] && [ -n "$doubtful" ]; } || exit 1
}

changed=$(find src -name '*.rs' -exec ls -t {} + | head -n 1)
changed=${changed%.rs}
run "$@" "$(basename "${changed%/mod}")"
run "$@"
