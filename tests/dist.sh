#!/bin/sh
# dist.sh TARBALL - builds a release tarball as a user without network and crates does, runs its demo and one of its test
# programs, and installs it.
set -eu
script=dist
# shellcheck source=tests/package.sh
. "$(dirname "$0")/package.sh"
take "$1"
tar -xzf "$tarball" -C "$work"
cd "$work/$name"
quiet make -s library examples
compiled=$(sed -n 's/^ *Compiling \([^ ]*\) v.*/\1/p' "$work/said" | sort | tr '\n' ' ')
[ "$compiled" = 'errno libc sockutil sockutil-capi ' ] || fail "make compiles more than libc and errno: $compiled"
sh c_examples/demo.sh | tail -n 2
quiet make -s test TESTS=process
make -s install DESTDIR="$work/destination"
[ -f "$work/destination/usr/local/lib/libsockutil.a" ]
[ -f "$work/destination/usr/local/share/man/man7/sockutil.7" ]
echo "dist: $name.tar.gz builds offline${offline:+, in a network of its own}, from libc and errno alone; it runs, is tested and installs"
