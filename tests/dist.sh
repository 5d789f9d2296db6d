#!/bin/sh
# dist.sh TARBALL - builds a release tarball as a user without network and crates does, runs its demo and one of its test
# programs, and installs it.
set -eu
tarball=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -xzf "$tarball" -C "$work"
cd "$work/$(basename "$tarball" .tar.gz)"
# If this machine allows it, in an empty network of its own.
offline=
if unshare -n true 2>/dev/null; then offline='unshare -n'; fi
mkdir "$work/cargo-home"
CARGO_HOME=$work/cargo-home CARGO_NET_OFFLINE=true
export CARGO_HOME CARGO_NET_OFFLINE
# shellcheck disable=SC2086 # a command of several words, or of none
$offline make -s library examples 2>"$work/said" || {
    cat "$work/said" >&2
    exit 1
}
compiled=$(sed -n 's/^ *Compiling \([^ ]*\) v.*/\1/p' "$work/said" | sort | tr '\n' ' ')
[ "$compiled" = 'errno libc sockutil sockutil-capi ' ] || {
    echo "dist: make compiles more than libc and errno: $compiled" >&2
    exit 1
}
sh c_examples/demo.sh | tail -n 2
# shellcheck disable=SC2086
$offline make -s test TESTS=process >"$work/said" 2>&1 || {
    cat "$work/said" >&2
    exit 1
}
make -s install DESTDIR="$work/destination"
[ -f "$work/destination/usr/local/lib/libsockutil.a" ]
[ -f "$work/destination/usr/local/share/man/man7/sockutil.7" ]
echo "dist: $(basename "$tarball") builds offline${offline:+, in a network of its own}, from libc and errno alone; it runs, is tested and installs"
