#!/bin/sh
# kernels.sh TARGET [KERNEL...] - runs test programs, and the fault harness, against the portable library while the shim
# answers as the kernels of BSD and macOS do, one KERNEL after another (all; tests/shim/kernels.c lists them, and
# "dontwait+hup" is both at once). A line for each: what passed, and how many answers of the library's calls were other
# than Linux's. Fails unless all pass. Builds in the folder TARGET.
# TESTS: the test programs. LEAST: how many tests must pass. FILTER: whole names of tests, to run only these. CARGO, CC:
# the tools. RUSTFLAGS: another library than the portable one.
set -eu
cd "$(dirname "$0")/.."
target=$1
shift
# As the shim lists them.
all=$(sed -n 's/^ \*   \([a-z0-9]*\)  .*/\1/p' tests/shim/kernels.c)
# shellcheck disable=SC2086 # word by word
[ $# -gt 0 ] || set -- $all
: "${TESTS:=exports relay connections endpoints process properties kinds connecting faults}"
: "${LEAST=$(case $TESTS in *exports*) echo 500 ;; *) echo 1 ;; esac)}"
: "${CARGO:=cargo}" "${CC:=cc}" "${RUSTFLAGS=--cfg sockutil_posix}" "${FILTER=}"
CARGO_TARGET_DIR=$target
export CARGO CC RUSTFLAGS CARGO_TARGET_DIR
mkdir -p "$target"
target=$(cd "$target" && pwd)

FEATURES='--package sockutil-capi --no-default-features --features classic-names' sh capi/build.sh "$target" "$CARGO"
sh tests/shim/mark.sh "$target/lib" "$target/marked"
sh tests/shim/build.sh "$target/shim.so"
# What POSIX alone cannot do (tests/posix.sh).
without=
[ ! -f tests/posix/left_out.txt ] || without=$(sed '/^[#=?]/d; /^$/d; s/^[^ ]* \([^ ]*\).*/--skip \1/' tests/posix/left_out.txt)
programs=
for name in $TESTS; do programs="$programs --test $name"; done

failed=
for kernel in "$@"; do
    log=$target/kernels-$kernel.log
    rm -f "$log.answers"
    start=$(date +%s)
    status=0
    # shellcheck disable=SC2086 # word by word
    SHIM_KERNEL=$kernel SHIM_KERNEL_LOG=$log.answers SOCKUTIL_PRELOAD=$target/shim.so SOCKUTIL_LIBDIR=$target/marked \
        sh tests/run.sh "$log" sh tests/programs.sh "$CARGO" test --locked --no-default-features \
        --features classic-names,test-shipped $programs -- --exact $FILTER $without >"$log.shown" 2>&1 || status=$?
    answers=0
    [ ! -f "$log.answers" ] || answers=$(awk '{ n += $1 } END { print n }' "$log.answers")
    echo "$kernel: $(tail -n 1 "$log"); $answers answers not as Linux's; $(($(date +%s) - start)) s"
    # None, or few, would be a mistake of this script.
    passed=$(tail -n 1 "$log" | sed 's/ passed.*//')
    [ -n "$FILTER" ] || [ "$passed" -ge "$LEAST" ] || status=1
    [ "$status" -eq 0 ] || {
        failed="$failed $kernel"
        grep '^failed: ' "$log" || tail -n 20 "$log.shown"
    }
done
[ -z "$failed" ] || {
    echo "kernels.sh: failed as$failed: the logs are $target/kernels-KERNEL.log" >&2
    exit 1
}
