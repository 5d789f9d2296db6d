#!/bin/sh
# meson.sh TARBALL - builds packaging/meson/example with sockutil as its subproject, out of a release tarball and without
# a network, and runs it; a second time without the bare names.
set -eu
script=meson
# shellcheck source=tests/package.sh
. "$(dirname "$0")/package.sh"
take "$1"

# consume yes|no OPTION...: whether the library has readn.
consume() {
    expected=$1
    shift
    # An installed sockutil is not wanted.
    quiet meson setup --wrap-mode=forcefallback "$@" "$work/build" "$work/example"
    grep -q "Project version: $version\$" "$work/said" || fail "not version $version"
    quiet meson compile -C "$work/build"
    [ "$("$work/build/hello")" = "sockutil $version: a line" ] || fail "hello failed"
    quiet meson test -C "$work/build"
    if readelf -d "$work/build/hello" | grep -q 'NEEDED.*libsockutil'; then fail "hello loads a shared library"; fi
    nm "$work/build/subprojects/$name/libsockutil.a" >"$work/said"
    if grep -qw readn "$work/said"; then has=yes; else has=no; fi
    [ $has = "$expected" ] || fail "libsockutil.a has readn: $has"
    # Built again, nothing changes.
    touch "$work/before"
    quiet meson compile -C "$work/build"
    [ -z "$(find "$work/build/hello" -newer "$work/before")" ] || fail "hello was linked again"
    rm -rf "$work/build"
}

tar -xzf "$tarball" -C "$work" "$name/packaging/meson/example"
mv "$work/$name/packaging/meson/example" "$work/example"
mkdir "$work/example/subprojects/packagefiles"
cp "$tarball" "$work/example/subprojects/packagefiles"
consume yes
consume no -Dsockutil:classic_names=false
echo "meson: $name as a subproject${offline:+, in a network of its own}, with and without the bare names"
