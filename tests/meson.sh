#!/bin/sh
# meson.sh TARBALL - builds packaging/meson/example with sockutil as its subproject, out of a release tarball and without
# a network, and runs it; a second time without the bare names.
set -eu
tarball=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
name=$(basename "$tarball" .tar.gz)
version=${name#sockutil-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    [ ! -f "$work/said" ] || tail -n 60 "$work/said" >&2
    echo "meson: $*" >&2
    exit 1
}

mkdir "$work/cargo-home"
CARGO_HOME=$work/cargo-home CARGO_NET_OFFLINE=true
export CARGO_HOME CARGO_NET_OFFLINE
offline=
if unshare -n true 2>/dev/null; then offline='unshare -n'; fi

# quiet COMMAND...: offline, and shows what the command said only if it fails.
quiet() {
    # shellcheck disable=SC2086 # a command of several words, or of none
    $offline "$@" >"$work/said" 2>&1 || fail "failed: $*"
}

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
