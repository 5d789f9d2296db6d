#!/bin/sh
# rpm.sh TARBALL FOLDER - builds RPM packages of a release tarball in FOLDER without a network, installs them below an
# empty folder, builds and runs programs against that, and takes them away. Nothing of the machine's own rpm is touched.
set -eu
script=rpm
# shellcheck source=tests/package.sh
. "$(dirname "$0")/package.sh"
take "$1"
tree=$(cd "$(dirname "$0")/.." && pwd)
unset MAKEFLAGS MAKELEVEL MFLAGS
need rpmbuild rpm
need find-debuginfo debugedit
need eu-strip elfutils
need pkg-config pkg-config
[ "$(id -u)" = 0 ] || fail "rpm --root is for root only"
rm -rf "$2"
mkdir -p "$2"
folder=$(cd "$2" && pwd)

# As on Fedora, debug information goes into a package of its own. --nodeps: what the build needs is not installed by rpm
# here.
printf '%%install %%{debug_package}\\\n%%%%install\\\n%%{nil}\n' >"$folder/macros"
quiet rpmbuild --nodeps --load "$folder/macros" --define "_topdir $folder/top" --define "_dbpath $folder/database" \
    -tb "$tarball"

# The folders that a system has without us.
root=$folder/root
libdir=$(rpm --eval '%{_libdir}')
for each in include lib/.build-id share/doc share/licenses share/man/man3 share/man/man7; do
    mkdir -p "$root/usr/$each"
done
mkdir -p "$root$libdir/cmake" "$root$libdir/pkgconfig"

# --nodeps: there is no libc in that folder.
in_root() {
    rpm --root "$root" --dbpath /database "$@"
}
files() {
    find "$root" -path "$root/database" -prune -o -print | sort
}
in_root --initdb
files >"$folder/before"
in_root --install --nodeps "$folder"/top/RPMS/*/*.rpm
in_root --verify --nodeps sockutil sockutil-devel || fail "a file is not as it was packaged"
needs=$(in_root --query --requires sockutil | grep -v '^libc\.so\.6\|^rpmlib\|^rtld' || :)
[ -z "$needs" ] || fail "the library needs more than libc: $needs"
size=$(stat -c %s "$root$libdir/libsockutil.so.0.1.0")
[ "$size" -le 98304 ] || fail "libsockutil.so has $size bytes"
debug=$(in_root --query --list sockutil-debuginfo | grep '\.so.*\.debug$')
address=$(nm -D "$root$libdir/libsockutil.so" | awk '$3 ~ /^sockutil_read_full/ { print $1 }')
line=$(addr2line -e "$root$debug" "$address")
echo "$line" | grep -q '/src/.*\.rs:[0-9]' || fail "the debug information does not know sockutil_read_full: $line"
echo "rpm: installed; the library has $size bytes; sockutil_read_full is at $line"

cd "$folder"
PKG_CONFIG_LIBDIR=$root$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
expected=$(printf 'a line\na frame\n%s' "$(pkg-config --modversion sockutil)")
# shellcheck disable=SC2046 # several words
cc -Wall -Werror "$tree/tests/install/consumer.c" -o shared $(pkg-config --cflags --libs sockutil)
cc -Wall -Werror -I"$root/usr/include" "$tree/tests/install/consumer.c" -o static "$root$libdir/libsockutil.a"
[ "$(LD_LIBRARY_PATH=$root$libdir ./shared)" = "$expected" ] || fail "the program with the shared library"
[ "$(./static)" = "$expected" ] || fail "the program with the static library"
echo "rpm: programs with the shared and the static library run"

in_root --erase --nodeps sockutil-debuginfo sockutil-devel sockutil
files >"$folder/after"
diff "$folder/before" "$folder/after" >&2 || fail "files are left"
echo "rpm: erased; nothing is left"
