#!/bin/sh
# release.sh FOLDER - unpacks each archive of packaging/release.sh, builds a program against it by its pkg-config file,
# shared and static, and runs that: by the oldest system that is promised (Debian 11's libc), with musl, and for ARM under
# qemu. A shared library for musl on ARM is only linked: no loader for it can be had here.
set -eu
release=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
root=$PWD
cross=$root/target/cross
tools=$cross/release-tools
script=release.sh
sources='Debian/bookworm Debian/bookworm-backports Debian/bullseye'
machines=
. tests/debian.sh
need pkg-config pkg-config
need musl-gcc musl-tools
need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
need readelf binutils
rm -rf "$cross/apt"
unpack qemu-user/bookworm-backports
unpack libc6/bullseye
zig=$root/target/cross-build/bin/zig
export ZIG_GLOBAL_CACHE_DIR="$cross/zig" ZIG_LOCAL_CACHE_DIR="$cross/zig"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n '/^version = /{s/.*"\(.*\)".*/\1/p;q;}' Cargo.toml)
expected=$(printf 'a line\na frame\n%s' "$version")
(cd "$release" && sha256sum --check --strict --quiet SHA256SUMS)

# said WHAT COMMAND...
said() {
    what=$1
    shift
    answer=$("$@") || fail "$what ended with status $?"
    [ "$answer" = "$expected" ] || fail "$what said: $answer"
    echo "release: $what"
}

# build CC... - both programs, outside the tree.
build() {
    PKG_CONFIG_LIBDIR=$here/lib/pkgconfig
    export PKG_CONFIG_LIBDIR
    # shellcheck disable=SC2046
    "$@" "$root/tests/install/consumer.c" -o "$work/shared" $(pkg-config --cflags --libs sockutil)
    # shellcheck disable=SC2046
    "$@" "$root/tests/install/consumer.c" -o "$work/static" $(pkg-config --cflags sockutil) "$here/lib/libsockutil.a"
    readelf -d "$work/shared" | grep -q 'NEEDED.*libsockutil\.so\.0' || fail "$name: the program does not load the library"
    ! readelf -d "$work/static" | grep -q libsockutil || fail "$name: the program loads the library"
}

for machine in x86_64-linux-gnu aarch64-linux-gnu x86_64-linux-musl aarch64-linux-musl; do
    name=sockutil-$version-$machine
    # A path with a space is not for pkg-config.
    tar -xzf "$release/$name.tar.gz" -C "$work"
    here=$work/$name
    for file in include/sockutil.h share/man/man3/sockutil_classic.3 share/doc/sockutil/LICENSE-MIT lib/libsockutil.so \
        share/doc/sockutil/examples/Makefile lib/cmake/sockutil/sockutil-config.cmake; do
        [ -f "$here/$file" ] || fail "$name has no $file"
    done
    ! grep -rlF -e "$HOME" -e "$root" "$here" || fail "$name: a path of this machine"
    [ "$(wc -c <"$here/lib/libsockutil.so")" -le 98304 ] || fail "$name: the library is too large"
    newest=$(readelf --version-info "$here/lib/libsockutil.so" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)
    case $machine in
    x86_64-linux-gnu)
        build cc
        # The program is built with today's libc, which may be too new for the old one: it is only what is run first.
        said "$name, shared" env LD_LIBRARY_PATH="$here/lib" "$work/shared"
        said "$name, static" "$work/static"
        build "$zig" cc -target x86_64-linux-gnu.2.31
        old=$tools/lib/x86_64-linux-gnu
        said "$name, shared, by Debian 11's libc" "$old/ld-linux-x86-64.so.2" --library-path "$old:$here/lib" "$work/shared"
        said "$name, static, by Debian 11's libc" "$old/ld-linux-x86-64.so.2" --library-path "$old" "$work/static"
        [ "$newest" = GLIBC_2.17 ] || fail "$name needs $newest"
        ;;
    aarch64-linux-gnu)
        build aarch64-linux-gnu-gcc
        set -- "$tools/usr/bin/qemu-aarch64" -L /usr/aarch64-linux-gnu
        said "$name, shared, under qemu" "$@" -E LD_LIBRARY_PATH="$here/lib:/usr/aarch64-linux-gnu/lib" "$work/shared"
        said "$name, static, under qemu" "$@" -E LD_LIBRARY_PATH=/usr/aarch64-linux-gnu/lib "$work/static"
        [ "$newest" = GLIBC_2.17 ] || fail "$name needs $newest"
        ;;
    x86_64-linux-musl)
        build musl-gcc
        said "$name, shared" env LD_LIBRARY_PATH="$here/lib" "$work/shared"
        said "$name, static" "$work/static"
        [ -z "$newest" ] || fail "$name needs $newest"
        ;;
    aarch64-linux-musl)
        build "$zig" cc -target aarch64-linux-musl
        said "$name, static, under qemu" "$tools/usr/bin/qemu-aarch64" "$work/static"
        [ -z "$newest" ] || fail "$name needs $newest"
        ;;
    esac
done
