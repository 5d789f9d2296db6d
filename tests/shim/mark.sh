#!/bin/sh
# mark.sh LIBRARIES MARKED - copies libsockutil.a and libsockutil.so from the folder LIBRARIES to the folder MARKED so that
# the shim knows by the return address which calls are the library's, in programs that link it statically too: all its
# code is one section, and a constructor tells the shim where that is. For tests with SHIM_KERNEL (tests/kernels.sh).
# CC: the C compiler.
set -eu
libraries=$1
mkdir -p "$2"
marked=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d "$marked/mark.XXXXXX")
trap 'rm -rf "$folder"' EXIT

echo 'SECTIONS { sockutil_code : { *(.text .text.*) } }' >"$folder/one_section.ld"
(cd "$libraries" && pwd) >"$folder/libraries"
(cd "$folder" && "${AR:-ar}" x "$(cat libraries)/libsockutil.a")
"${CC:-cc}" -std=c11 -O1 -fPIC -fvisibility=hidden -c "$here/mark.c" -o "$folder/mark.o"
ld -r -T "$folder/one_section.ld" "$folder/sockutil.o" -o "$folder/code.o"
ld -r "$folder/code.o" "$folder/mark.o" -o "$folder/sockutil.o"

shared=$(readlink -f "$libraries/libsockutil.so")
soname=$(basename "$libraries"/libsockutil.so.?)
"${CC:-cc}" -shared -nostartfiles "$folder/sockutil.o" -Wl,--version-script="$here/../../capi/sockutil.map" -Wl,-soname,"$soname" \
    -o "$folder/so"
(cd "$folder" && "${AR:-ar}" rcsD archive sockutil.o)

# An equal file is not changed: the test programs need not be linked again.
install_changed() {
    cmp -s "$1" "$marked/$2" || mv -f "$1" "$marked/$2"
}
install_changed "$folder/archive" libsockutil.a
install_changed "$folder/so" "$(basename "$shared")"
ln -sf "$(basename "$shared")" "$marked/$soname"
ln -sf "$soname" "$marked/libsockutil.so"
