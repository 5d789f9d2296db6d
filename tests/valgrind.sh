#!/bin/sh
# valgrind.sh FOLDER COMMAND [ARGUMENT...] - runs the tests of the examples with every program under valgrind, whose
# findings go to FOLDER, a file per process. Fails where a test does, and where a process did anything wrong with memory.
set -eu
# What threads that still run have is "possibly" lost when a program ends: memcheck cannot see into them.
leaks='--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite'
folder=$1
shift
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
SOCKUTIL_RUN_UNDER="valgrind -q $leaks --error-exitcode=99 \
--log-file=$folder/%p" "$@"
processes=$(find "$folder" -type f | wc -l)
[ "$processes" -gt 0 ] || {
    echo "valgrind.sh: no program ran under valgrind" >&2
    exit 1
}
found=$(find "$folder" -type f -size +0)
if [ -n "$found" ]; then
    # One file after the other: names of files have no blanks here.
    # shellcheck disable=SC2086
    cat $found >&2
    echo "valgrind.sh: the above, in $(echo "$found" | wc -l) of $processes processes" >&2
    exit 1
fi
echo "valgrind: $processes processes, and nothing to complain about"
