#!/bin/sh
# inside.sh TARBALL - run by tests/deb.sh, as root, in a Debian of its own without a network: builds the packages as an
# ordinary user, lets lintian check them, installs them, runs their tests, builds them again, and takes them away.
set -eu
tarball=$1
name=$(basename "$tarball" .tar.gz)
work=$(dirname "$tarball")
unset MAKEFLAGS MAKELEVEL MFLAGS

fail() {
    echo "deb: $*" >&2
    exit 1
}

# as_user VARIABLE=VALUE... COMMAND...: as a build daemon does, without a home.
as_user() {
    setpriv --reuid=builder --regid=builder --clear-groups env -i PATH="$PATH" HOME=/nonexistent LC_ALL=C.UTF-8 "$@"
}

# build FOLDER DPKG-BUILDPACKAGE'S OPTIONS...
build() {
    mkdir -p "$1"
    tar -xzf "$tarball" -C "$1"
    cp "$tarball" "$1/$(echo "$name" | tr - _).orig.tar.gz"
    cp -r "$1/$name/packaging/debian" "$1/$name"
    chown -R builder:builder "$1"
    (cd "$1/$name" && shift && as_user dpkg-buildpackage --no-sign "$@") >"$1/log" 2>&1 || {
        tail -n 60 "$1/log" >&2
        fail "the packages do not build"
    }
}

# files: all that are there, but for what dpkg and others note.
files() {
    find / -xdev \( -path "$work" -o -path /tmp -o -path /var/lib/dpkg -o -path /var/log -o -path /var/cache \) -prune \
        -o -print | sort
}

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C.UTF-8
ip link set lo up
useradd --no-create-home --home-dir /nonexistent builder

build "$work/first"
cd "$work/first"
as_user lintian --fail-on error,warning --show-overrides ./*.changes || fail "lintian finds faults"
echo "deb: lintian: no error, no warning"

files >"$work/before"
dpkg -i ./*.deb >"$work/said" 2>&1 || { cat "$work/said" >&2 && fail "the packages cannot be installed"; }
library=$(dpkg -L libsockutil0 | grep '/libsockutil\.so\.0\.')
size=$(stat -c %s "$library")
[ "$size" -le 98304 ] || fail "$library has $size bytes"
# Where a function begins, by the -dbgsym package.
id=$(readelf -n "$library" | sed -n 's/.*Build ID: //p')
debug=/usr/lib/debug/.build-id/$(echo "$id" | cut -c 1-2)/$(echo "$id" | cut -c 3-).debug
line=$(addr2line -e "$debug" "$(nm -D "$library" | awk '$3 ~ /^sockutil_read_full/ { print $1 }')")
echo "$line" | grep -q '/src/.*\.rs:[0-9]' || fail "the debug information does not know sockutil_read_full: $line"
echo "deb: installed; the library has $size bytes; sockutil_read_full is at $line"
man 3 readn | grep -q sockutil_readn || fail "man 3 readn finds nothing"
man 3 sockutil_readn | grep -q sockutil_readn || fail "man 3 sockutil_readn finds nothing"
man 7 sockutil >/dev/null || fail "man 7 sockutil finds nothing"

cd "$work/first/$name"
tests=$(sed -n 's/^Tests: //p' debian/tests/control)
for test in $tests; do
    folder=$work/$test
    mkdir "$folder"
    chown builder "$folder"
    as_user AUTOPKGTEST_TMP="$folder" "debian/tests/$test" >"$work/said" 2>"$work/errors" || {
        cat "$work/said" "$work/errors" >&2
        fail "debian/tests/$test failed"
    }
    # As autopkgtest judges.
    [ ! -s "$work/errors" ] || { cat "$work/errors" >&2 && fail "debian/tests/$test wrote errors"; }
    echo "deb: debian/tests/$test passed"
done

dpkg --purge libsockutil0-dbgsym libsockutil-dev libsockutil0 >"$work/said" 2>&1 || {
    cat "$work/said" >&2
    fail "the packages cannot be purged"
}
files >"$work/after"
diff "$work/before" "$work/after" >&2 || fail "files are left"
echo "deb: purged; nothing is left"

DEB_BUILD_OPTIONS=nocheck build "$work/second/place" --build=binary
for package in "$work"/first/*.deb; do
    cmp "$package" "$work/second/place/${package##*/}" || fail "a second build differs"
done
echo "deb: a second build, elsewhere, gives the same bytes"
