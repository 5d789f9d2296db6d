#!/bin/sh
# types.sh check|baseline - the binary interface as C programs see it, compared with, or written to, tests/abi/baseline.xml.
# Needs make library before, and libabigail's abidw and abidiff. CC: the C compiler.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
CC=${CC:-cc}
libraries=$root/target/lib
baseline=$root/tests/abi/baseline.xml
work=$root/target/abi
mkdir -p "$work"

# The debug information of Rust says little about C types. So the header's types are looked at through a library of
# pointers to every function that is exported: what a C compiler makes of them is what programs are built on.
{
    echo '#include <sockutil.h>'
    sh "$root/tests/abi/exported.sh" "$libraries/libsockutil.so" | sed 's/@.*//' | while read -r name; do
        echo "__typeof__($name) *const view_of_$name = $name;"
    done
    echo 'const sockutil_reader view_of_reader; const sockutil_writer view_of_writer; const sockutil_relay view_of_relay;'
    echo 'const sockutil_addr view_of_addr; const sockutil_network view_of_network; const sockutil_cred view_of_cred;'
} >"$work/view.c"
# From within the folder: the baseline is to hold no path of a machine.
(cd "$work" && "$CC" -g -O0 -fPIC -shared -I"$root/include" view.c -o view.so -L"$libraries" -lsockutil)
abidw --no-corpus-path --no-comp-dir-path --no-show-locs "$work/view.so" >"$work/view.xml"
views=$(grep -c '<var-decl name=.view_of_' "$work/view.xml")
exports=$(grep -c '^__typeof__' "$work/view.c")
if [ "$exports" -le 110 ] || [ "$views" -lt "$exports" ]; then
    echo "abi: $views types of $exports functions were found" >&2
    exit 1
fi

case $1 in
baseline)
    cp "$work/view.xml" "$baseline"
    echo "abi: $exports functions written to tests/abi/baseline.xml"
    ;;
check)
    abidiff --no-show-locs "$baseline" "$work/view.so" || {
        echo "abi: this is not the interface of tests/abi/baseline.xml: CONTRIBUTING.md tells what a break is" >&2
        exit 1
    }
    echo "abi: the types of $exports functions are those of the baseline"
    ;;
esac
