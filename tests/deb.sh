#!/bin/sh
# deb.sh TARBALL FOLDER - builds Debian packages of a release tarball, and tests them (tests/deb/inside.sh), in a Debian
# root of its own, without a network. The root is made once, from the archives that this machine's apt knows, and kept
# in FOLDER (a gigabyte); what happens in it is written to memory and gone at the end.
set -eu
tarball=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
mkdir -p "$2"
folder=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."
# For tests/debian.sh.
script=deb cross=$folder machines=amd64 sources='Debian/bookworm Debian-Security/bookworm-security'
. tests/debian.sh
packages=build-essential,debhelper,cargo-web,rustc-web,lld,lintian,man-db,pkg-config,cmake,iproute2

[ "$(id -u)" = 0 ] || fail "a Debian root is made by root only"
need mmdebstrap mmdebstrap
need unshare util-linux
if [ "$(cat "$folder/made" 2>/dev/null)" != "$packages" ]; then
    fetch_lists
    rm -rf "$folder/root" "$folder/made"
    mmdebstrap --quiet --variant=apt --include="$packages" bookworm "$folder/root" "$folder/apt/sources.list"
    echo "$packages" >"$folder/made"
fi

# shellcheck disable=SC2016 # for that shell
exec unshare --mount --net --pid --fork --kill-child sh -euc '
    mkdir -p "$2/live"
    mount -t tmpfs -o mode=755 tmpfs "$2/live"
    cd "$2/live"
    mkdir upper work root
    mount -t overlay -o "lowerdir=$2/root,upperdir=upper,workdir=work" overlay root
    mount -t proc proc root/proc
    mount --rbind /dev root/dev
    mkdir root/build
    cp "$1" "$3/tests/deb/inside.sh" root/build
    exec chroot root sh /build/inside.sh "/build/${1##*/}"
' sh "$tarball" "$folder" "$PWD"
