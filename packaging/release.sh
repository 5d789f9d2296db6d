#!/bin/sh
# release.sh VERSION FOLDER - the archives for those who do not build: the last commit's libraries, headers, manual and
# examples, for x86-64 and ARM, with glibc 2.17 or newer and with musl; and SHA256SUMS. They may be unpacked anywhere.
# Debian's Rust and zig's C compiler are used, whatever this machine has: the same commit gives the same bytes.
# FOLDER/../cross-build holds the tools.
set -eu
version=$1
mkdir -p "$2"
release=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."
mkdir -p "$release/../cross-build"
cross=$(cd "$release/../cross-build" && pwd)
script=release.sh
. tests/zig.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
date=$(git log -1 --format=%ct)
git archive --prefix=sockutil/ HEAD | tar -x -C "$work"
fetch_tools
use_tools
export CARGO_TARGET_DIR="$work/built" SOURCE_DATE_EPOCH="$date"
# No path of this machine stays in an object.
export RUSTFLAGS="--remap-path-prefix=$work/sockutil=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo \
--remap-path-prefix=$tools=tools"

# archive TRIPLE ZIG - named as the machine is in tar files of others.
archive() {
    name=sockutil-$version-$(echo "$1" | sed 's/unknown-//')
    rm -rf "${work:?}/$name" "$work/built/lib" "$work/installed"
    CARGO_BUILD_TARGET=$1 make -s -C "$work/sockutil" library install CARGO="$CARGO" CC="zig cc -target $2" \
        AR="$llvm/bin/llvm-ar" OBJCOPY="$llvm/bin/llvm-objcopy" DESTDIR="$work/installed" PREFIX=/usr >&2
    mv "$work/installed/usr" "$work/$name"
    "$llvm/bin/llvm-strip" --strip-unneeded "$work/$name/lib/libsockutil.so.$version"
    # Found from where it lies.
    # shellcheck disable=SC2016 # they are pkg-config's
    sed -i -e 's|^prefix=.*|prefix=${pcfiledir}/../..|' -e 's|=/usr/|=${prefix}/|' "$work/$name/lib/pkgconfig/sockutil.pc"
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$date" -C "$work" -cf - "$name" | gzip -9n \
        >"$release/$name.tar.gz"
    echo "release: $name.tar.gz, $(wc -c <"$release/$name.tar.gz") bytes; the shared library has" \
        "$(wc -c <"$work/$name/lib/libsockutil.so")"
}

rm -f "$release"/*
archive x86_64-unknown-linux-gnu x86_64-linux-gnu.2.17
archive aarch64-unknown-linux-gnu aarch64-linux-gnu.2.17
archive x86_64-unknown-linux-musl x86_64-linux-musl
archive aarch64-unknown-linux-musl aarch64-linux-musl
cd "$release"
sha256sum -- *.tar.gz >SHA256SUMS
