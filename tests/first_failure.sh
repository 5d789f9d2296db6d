#!/bin/sh
# first_failure.sh PROGRAM [ARGUMENT...] - runs a Rust test program with many threads, for most tests wait rather than
# compute, and kills it when the first test has failed, or when it has computed five times as long as it should. For
# tests/mutants.sh, where one failure says all, and a change may well make a loop endless.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
mkfifo "$folder/lines"
prlimit --cpu=15 "$@" --test-threads=16 --skip _EIO >"$folder/lines" 2>&1 &
program=$!
while IFS= read -r line; do
    printf '%s\n' "$line"
    case $line in
    "test "*" ... FAILED")
        kill -KILL "$program"
        exit 1
        ;;
    esac
done <"$folder/lines"
wait "$program"
