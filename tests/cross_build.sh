#!/bin/sh
# cross_build.sh FOLDER [SYSTEM...] - builds for systems that this machine is not, by Debian's Rust and zig's C
# compiler. Nothing of it runs. For freebsd, netbsd, openbsd and macos, on x86-64 and ARM: the libraries in their
# installed form, whose names, needed libraries, exported functions, layouts and constants are compared with what C's
# headers say there (tests/cross/layout.py); and the example programs, linked with both. For android, dragonfly and
# illumos, for which zig has no libc: the crate alone. FOLDER/names lists the exported functions (sockutil-man names).
# All stays in FOLDER.
set -eu
cd "$(dirname "$0")/.."
mkdir -p "$1"
cross=$(cd "$1" && pwd)
shift
all='freebsd netbsd openbsd macos android dragonfly illumos'

script=cross_build.sh
. tests/zig.sh

# system NAME - its name in uname(1), and its machines, each as Rust's and zig's name of it: none where zig has no libc.
system() {
    case $1 in
        freebsd) uname=FreeBSD pairs='x86_64-unknown-freebsd/x86_64-freebsd aarch64-unknown-freebsd/aarch64-freebsd' ;;
        netbsd) uname=NetBSD pairs='x86_64-unknown-netbsd/x86_64-netbsd aarch64-unknown-netbsd/aarch64-netbsd' ;;
        openbsd) uname=OpenBSD pairs='x86_64-unknown-openbsd/x86_64-openbsd aarch64-unknown-openbsd/aarch64-openbsd' ;;
        macos) uname=Darwin pairs='x86_64-apple-darwin/x86_64-macos aarch64-apple-darwin/aarch64-macos' ;;
        android) uname=Linux pairs=aarch64-linux-android/ ;;
        dragonfly) uname=DragonFly pairs=x86_64-unknown-dragonfly/ ;;
        illumos) uname=SunOS pairs=x86_64-unknown-illumos/ ;;
        *) fail "there is no system called $1: $all" ;;
    esac
}

# ---- For one machine ----

# say WORD... - for the log, and for the table.
say() {
    echo "$*" | tee -a "$work/said"
}

# same WHAT EXPECTED FOUND - two files.
same() {
    diff -u "$2" "$3" || fail "$1: not as expected (-), but (+)"
}

# check_shared LIBRARY - its name, the libraries that it needs, and the functions that it exports.
check_shared() {
    if [ "$uname" = Darwin ]; then
        echo '@rpath/libsockutil.0.dylib' >"$work/name.expected"
        "$llvm/bin/llvm-otool" -D "$1" | sed 1d >"$work/name"
        echo /usr/lib/libSystem.B.dylib >"$work/needs.expected"
        "$llvm/bin/llvm-otool" -L "$1" | sed -n 's/^\t\(.*\) (.*/\1/p' | sed 1d >"$work/needs"
        # zig's linker adds two names of its own.
        "$llvm/bin/llvm-nm" --extern-only --defined-only "$1" | sed -n 's/^[0-9a-f]* . _//p' |
            grep -vx -e __dso_handle -e _mh_dylib_header | sort >"$work/exports"
    else
        if [ "$uname" = OpenBSD ]; then echo libsockutil.so.0.1; else echo libsockutil.so.0; fi >"$work/name.expected"
        "$llvm/bin/llvm-readelf" -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' >"$work/name"
        # Its major version is the system's. On NetBSD libpthread, too, has read, poll and others: it is the libc crate
        # that asks for it.
        echo libc.so >"$work/needs.expected"
        "$llvm/bin/llvm-readelf" -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
            sed 's/^libc\.so[.0-9]*$/libc.so/' >"$work/needs"
        [ "$uname" != NetBSD ] || sed -i '/^libpthread\.so/d' "$work/needs"
        "$llvm/bin/llvm-nm" --dynamic --defined-only "$1" | sed -n 's/.* [TW] \(.*\)@@SOCKUTIL_0$/\1/p' | sort >"$work/exports"
    fi
    sort "$cross/names" >"$work/exports.expected"
    same "the name of $1" "$work/name.expected" "$work/name"
    same "what $1 needs" "$work/needs.expected" "$work/needs"
    same "what $1 exports" "$work/exports.expected" "$work/exports"
    say "exports=$(wc -l <"$work/exports")"
}

# check_static LIBRARY - that a program's own readn goes before the library's (and a Rust program's own personality).
check_static() {
    if [ "$uname" = Darwin ]; then
        "$llvm/bin/llvm-nm" -m "$1" | sed -n 's/.* weak external _//p'
    else
        "$llvm/bin/llvm-nm" "$1" | sed -n 's/^[0-9a-f]* W //p'
    fi | grep -vx rust_eh_personality | sort >"$work/weak"
    weak=$(tr '\n' ' ' <"$work/weak")
    [ "$weak" = 'readline readn recv_peek writen ' ] || fail "$1: weak names: $weak"
}

# check_header ZIG - compiles every call of it, and sockutil.hpp.
check_header() {
    strict="-target $1 -Wall -Wextra -Wconversion -pedantic -Werror -Iinclude"
    for standard in c99 c11 c17; do
        # shellcheck disable=SC2086
        zig cc $strict "-std=$standard" tests/c/header.c -o "$work/header" "$work/lib/libsockutil.a"
    done
    echo '#include <sockutil.hpp>' >"$work/header.cpp"
    for standard in c++11 c++17; do
        # shellcheck disable=SC2086
        zig c++ $strict "-std=$standard" -x c++ -c tests/c/header.c -o "$work/header.o"
    done
    # shellcheck disable=SC2086
    zig c++ $strict -std=c++17 -c "$work/header.cpp" -o "$work/header.o"
}

# check_layout SYSTEM RUST ZIG
check_layout() {
    crates=$CARGO_TARGET_DIR/$2/release/deps
    python3 tests/cross/layout.py write "$1" "$work"
    zig cc -target "$3" -std=c11 -D_GNU_SOURCE -Iinclude -c "$work/layout.c" -o "$work/layout.c.o"
    # The newest: an earlier build's may lie beside it.
    # shellcheck disable=SC2012
    "$RUSTC" --edition 2024 --crate-type lib --emit obj -C panic=abort --target "$2" -L "$crates" \
        --extern "sockutil=$(ls -t "$crates"/libsockutil-*.rlib | head -n 1)" \
        --extern "libc=$(ls -t "$crates"/liblibc-*.rlib | head -n 1)" "$work/layout.rs" -o "$work/layout.rs.o"
    for side in c rs; do
        "$llvm/bin/llvm-readobj" --hex-dump="$([ "$uname" = Darwin ] && echo __layout || echo .layout)" \
            "$work/layout.$side.o" >"$work/layout.$side.hex"
    done
    python3 tests/cross/layout.py compare "$work" >"$work/compared"
    say "layout=$(cut -d ' ' -f 1 "$work/compared")"
}

# build_examples ZIG - by their Makefile, from links to their sources, so that nothing is written beside these.
build_examples() {
    mkdir -p "$work/sources"
    rm -f "$work/sources"/*.[ch] # links to programs that are gone
    ln -sf "$PWD"/c_examples/*.[ch] "$PWD/c_examples/Makefile" "$work/sources"
    make -C "$work/sources" -j2 SYSTEM="$uname" CC="zig cc -target $1" CPPFLAGS=-Werror BIN=../examples \
        SOCKUTIL_INCLUDE="$PWD/include" SOCKUTIL_LIBDIR="$work/lib"
    say "programs=$(find "$work/examples" -type f | wc -l)"
}

# inside SYSTEM RUST ZIG
inside() {
    system "$1"
    work=$cross/$2
    mkdir -p "$work"
    : >"$work/said"
    use_tools
    set -- "$1" "$2" "$3" --locked --no-default-features --features classic-names --target "$2"
    if [ -z "$3" ]; then
        name=$2
        shift 3
        RUSTFLAGS=-Dwarnings "$CARGO" check --release --package sockutil --lib "$@"
        say "crate=$name"
        return
    fi
    name=$1 triple=$2 target=$3
    shift 3
    cargo-zigbuild zigbuild --release --package sockutil-capi "$@" 2>&1 | tee "$work/built"
    ! grep -q '^warning: .sockutil. (lib)' "$work/built" || fail "the crate has warnings"
    rm -rf "${work:?}/lib" "$work/examples"
    SYSTEM=$uname CC="zig cc -target $target" AR="$llvm/bin/llvm-ar" OBJCOPY="$llvm/bin/llvm-objcopy" \
        sh capi/stage.sh "$CARGO_TARGET_DIR/$triple/release" "$work/lib"
    # zig's linker does not search as OpenBSD's does.
    [ "$uname" != OpenBSD ] || ln -s libsockutil.so.0.1 "$work/lib/libsockutil.so"
    shared=libsockutil.$([ "$uname" = Darwin ] && echo dylib || echo so)
    say "shared=$(wc -c <"$work/lib/$shared")"
    say "static=$(wc -c <"$work/lib/libsockutil.a")"
    check_shared "$work/lib/$shared"
    check_static "$work/lib/libsockutil.a"
    check_header "$target"
    check_layout "$name" "$triple" "$target"
    build_examples "$target"
}

if [ "${1:-}" = --inside ]; then
    shift
    inside "$@"
    exit
fi
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $all
for name; do system "$name"; done
[ -s "$cross/names" ] || fail "$cross/names is missing: run make cross-build"
fetch_tools
: >"$cross/table"
result=0
for name; do
    system "$name"
    for pair in $pairs; do
        triple=${pair%/*}
        start=$(date +%s)
        echo "$triple ..."
        status=0
        sh "$0" "$cross" --inside "$name" "$triple" "${pair#*/}" >"$cross/$triple.log" 2>&1 || status=$?
        seconds=$(($(date +%s) - start))
        if [ "$status" -ne 0 ]; then
            result=1
            tail -n 40 "$cross/$triple.log"
            echo "$triple | failed after $seconds s: see $cross/$triple.log" >>"$cross/table"
        else
            echo "$triple | $(tr '\n' ' ' <"$cross/$triple/said")| $seconds s" >>"$cross/table"
        fi
    done
done
cat "$cross/table"
exit $result
