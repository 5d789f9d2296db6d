#!/bin/sh
# memory.sh TOOL COMMAND [ARGUMENT...] - runs tests with the C programs that they run under a tool, whose findings go to
# target/memory/TOOL/findings, a file per process. Fails where a test does, and where a process did anything wrong.
#   valgrind   the programs and libraries as they are
#   address    both built with the address sanitizer (and the leak sanitizer), the programs with that of undefined
#              behaviour too, the library with Rust's own checks of arithmetic and pointers
#   thread     both built with the thread sanitizer, the library with Rust's own checks too
set -eu
tool=$1
shift
: "${CARGO:=cargo}"
folder=$PWD/target/memory/$tool
findings=$folder/findings
rm -rf "$findings"
mkdir -p "$findings"

# The libraries, with compiler switches that only a nightly Rust has, or one that is told to behave like one.
# usage: libraries FLAG...
libraries() {
    host=$("$CARGO" -vV | sed -n 's/^host: //p')
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Cdebug-assertions=on -Coverflow-checks=on -Cdebuginfo=1 $*" \
        "$CARGO" build --release --locked --quiet --package sockutil-capi --target "$host" --target-dir "$folder/cargo"
    sh capi/stage.sh "$folder/cargo/$host/release" "$folder/lib"
    SOCKUTIL_SANITIZED=$folder
    export SOCKUTIL_SANITIZED
}

case $tool in
valgrind)
    # What threads that still run have is "possibly" lost when a program ends: memcheck cannot see into them.
    leaks='--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite'
    SOCKUTIL_RUN_UNDER="valgrind -q $leaks --error-exitcode=99 --log-file=$findings/%p"
    export SOCKUTIL_RUN_UNDER
    ;;
address)
    libraries -Zsanitizer=address
    # The runtime is in the program, before any preloaded shim.
    SOCKUTIL_SANITIZER_FLAGS='-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
        -static-libasan -static-libubsan'
    common=log_path=$findings/found:exitcode=99
    ASAN_OPTIONS=$common:detect_stack_use_after_return=1:strict_string_checks=1:handle_abort=1
    UBSAN_OPTIONS=$common:print_stacktrace=1
    export SOCKUTIL_SANITIZER_FLAGS ASAN_OPTIONS UBSAN_OPTIONS
    ;;
thread)
    # The core library is not built with it: what it does is told to the sanitizer by nobody, and is little.
    libraries -Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer
    SOCKUTIL_SANITIZER_FLAGS='-g -O1 -fsanitize=thread -static-libtsan'
    TSAN_OPTIONS=log_path=$findings/found:exitcode=99
    export SOCKUTIL_SANITIZER_FLAGS TSAN_OPTIONS
    ;;
*)
    echo "memory.sh: there is no tool $tool here" >&2
    exit 2
    ;;
esac

status=0
"$@" || status=$?
found=$(find "$findings" -type f -size +0)
if [ -n "$found" ]; then
    # One file after the other: names of files have no blanks here.
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
    echo "valgrind: $processes processes, and nothing to complain about"
fi
