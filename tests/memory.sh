#!/bin/sh
# memory.sh TOOL COMMAND [ARGUMENT...] - runs tests, with their C programs under a tool, whose findings go to
# target/memory/TOOL/findings, a file per process. Fails if a test fails, or if the tool finds an error. COMMAND takes
# --skip, for the tests that the tool cannot run.
#   valgrind   the programs and libraries as they are
#   address    both built with the address sanitizer (and the leak sanitizer), the programs with that of undefined
#              behaviour too, the library with Rust's own checks of arithmetic and pointers
#              LEAKS=0: not for leaks
#   thread     both built with the thread sanitizer, the library with Rust's own checks too
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=$1
shift
: "${CARGO:=cargo}"
folder=$PWD/target/memory/$tool
findings=$folder/findings
rm -rf "$findings"
mkdir -p "$findings"

# The libraries, with compiler switches of nightly Rust (RUSTC_BOOTSTRAP makes a stable one accept them).
# usage: libraries FLAG...
libraries() {
    host=$("$CARGO" -vV | sed -n 's/^host: //p')
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Cdebug-assertions=on -Coverflow-checks=on -Cdebuginfo=1 $*" \
        "$CARGO" build --release --locked --quiet --package sockutil-capi --target "$host" --target-dir "$folder/cargo"
    sh capi/stage.sh "$folder/cargo/$host/release" "$folder/lib"
    SOCKUTIL_SANITIZED=$folder
    export SOCKUTIL_SANITIZED
}

# Not with any tool: the demo, whose programs have their own tests; tests that measure memory, which would be the
# tool's.
left_out='the_demo a_client_costs_a_small_and_fixed_memory the_ten_thousandth_connection_works_as_the_first'

case $tool in
valgrind)
    # Tests with fewer descriptors than valgrind itself needs; with a signal each millisecond, which leaves no time for
    # anything else; with a child that writes to a free number, which valgrind uses for its findings.
    left_out="$left_out without_a_free_descriptor_the_server_pauses_and_then_goes_on sockutil_accept_EMFILE
        tcp_connect_races_within_the_time_under_signals regression_07_signals_do_not_stretch_a_timeout
        regression_07_signals_do_not_stretch_so_rcvtimeo regression_04_an_error_does_not_end_the_program"
    # The memory of threads that still run at the end is "possibly" lost: memcheck cannot see into them.
    leaks='--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite'
    SOCKUTIL_RUN_UNDER="valgrind -q --suppressions=$here/valgrind.supp $leaks --error-exitcode=99 --log-file=$findings/%p"
    export SOCKUTIL_RUN_UNDER
    ;;
address | thread)
    # The test of the libraries' imports: here they import a sanitizer too.
    left_out="$left_out every_import_is_within_reach no_allocation_no_printing_no_exit_no_threads
        the_static_library_holds_its_own_object_alone
        answers_that_nobody_reads_are_not_hoarded"
    CC=gcc
    export CC
    ;;
*)
    echo "memory.sh: there is no tool $tool here" >&2
    exit 2
    ;;
esac
case $tool in
address)
    libraries -Zsanitizer=address
    # The runtime is in the program, before any preloaded shim.
    SOCKUTIL_SANITIZER_FLAGS='-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all'
    SOCKUTIL_SANITIZER_FLAGS="$SOCKUTIL_SANITIZER_FLAGS -fno-omit-frame-pointer -static-libasan -static-libubsan"
    common=log_path=$findings/found:exitcode=99
    ASAN_OPTIONS=$common:detect_leaks=${LEAKS:-1}:detect_stack_use_after_return=1:strict_string_checks=1:handle_abort=1
    UBSAN_OPTIONS=$common:print_stacktrace=1
    export SOCKUTIL_SANITIZER_FLAGS ASAN_OPTIONS UBSAN_OPTIONS
    ;;
thread)
    # Rust's core library is not built with the sanitizer, and the compiler needs a switch for that. gcc's sanitizer
    # sees memcpy by itself.
    libraries -Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer -Cllvm-args=-tsan-instrument-memintrinsics=0
    SOCKUTIL_SANITIZER_FLAGS='-g -O1 -fsanitize=thread -static-libtsan'
    TSAN_OPTIONS=log_path=$findings/found:exitcode=99:handle_abort=1
    export SOCKUTIL_SANITIZER_FLAGS TSAN_OPTIONS
    ;;
esac

for test in $left_out; do
    grep -rqE "^(    )?fn $test(_[a-z_]+)?\(" "$here" --include='*.rs' || {
        echo "memory.sh: there is no test $test to leave out" >&2
        exit 1
    }
    set -- "$@" --skip "$test"
done

status=0
"$@" || status=$?
found=$(find "$findings" -type f -size +0)
if [ -n "$found" ]; then
    # File names have no blanks here.
    # shellcheck disable=SC2086
    cat $found >&2
    echo "memory.sh: the above, in $(echo "$found" | wc -l) processes under $tool" >&2
    exit 1
fi
[ "$status" -eq 0 ] || exit "$status"
if [ "$tool" = valgrind ]; then
    processes=$(find "$findings" -type f | wc -l)
    [ "$processes" -gt 0 ] || {
        echo "memory.sh: no program ran under valgrind" >&2
        exit 1
    }
    echo "valgrind: $processes processes, and no findings"
fi
