#!/bin/sh
# stage.sh BUILT LIBRARIES - makes the libraries in their installed form from what cargo has built in the folder BUILT: the
# static one without the objects that Rust adds to every archive, and with weak bare names; the shared one, under its
# three names, linked from the same object with symbol versions (sockutil.map). macOS has no symbol versions and no
# objcopy(1): there cargo's shared library is taken. CC, AR, OBJCOPY: the tools. LDFLAGS: for the shared library. SYSTEM: as
# uname(1) tells, if it is not this one. An equal file is not changed, so that make finds nothing to do.
set -eu
built=$1
libraries=$2
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n '/^version = /{s/.*"\(.*\)".*/\1/p;q;}' "$here/../Cargo.toml")
major=${version%%.*}
case ${SYSTEM:-$(uname -s)} in
Darwin) file=libsockutil.$version.dylib soname=libsockutil.$major.dylib name=libsockutil.dylib ;;
# One name with two numbers, of which the linker and the loader choose.
OpenBSD) file=libsockutil.so.${version%.*} soname=$file name=$file ;;
*) file=libsockutil.so.$version soname=libsockutil.so.$major name=libsockutil.so ;;
esac
mkdir -p "$libraries"
folder=$(mktemp -d "$libraries/stage.XXXXXX")
trap 'rm -rf "$folder"' EXIT

# install_changed FILE NAME
install_changed() {
    cmp -s "$1" "$libraries/$2" || mv -f "$1" "$libraries/$2"
}

# link_to TARGET NAME: mv replaces a link in one step, ln does not.
link_to() {
    [ "$1" = "$2" ] || [ "$(readlink "$libraries/$2" || :)" = "$1" ] || { ln -s "$1" "$folder/$2" && mv -f "$folder/$2" "$libraries/$2"; }
}

# Link-time optimization makes one object of the library. The others are Rust's compiler support, of which it needs only
# what every C compiler links anyway.
archive=$(cd "$built" && pwd)/libsockutil.a
own=$("${AR:-ar}" t "$archive" | grep '^sockutil[.-]')
[ "$(echo "$own" | wc -l)" -eq 1 ] || {
    echo "stage.sh: one object of the library was expected in $archive, not: $own" >&2
    exit 1
}
(cd "$folder" && "${AR:-ar}" x "$archive" "$own" && mv "$own" sockutil.o)

# Only ELF's linkers know these options. rustc's own linker, where it has one, packs a library tighter than others.
link_shared() {
    lld=$("${RUSTC:-rustc}" --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld
    # shellcheck disable=SC2086 # a command or options of several words
    case $([ -x "$lld/ld.lld" ] && ${CC:-cc} -dumpmachine) in
    x86_64*-linux-gnu) set -- "-B$lld" -fuse-ld=lld ;;
    esac
    # shellcheck disable=SC2086
    ${CC:-cc} -shared -nostartfiles "$@" "$folder/sockutil.o" -o "$folder/shared" -Wl,-soname,"$soname" \
        -Wl,--version-script="$here/sockutil.map" -Wl,--gc-sections -Wl,--as-needed -Wl,-O1 \
        -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack ${LDFLAGS:-}
}

if [ "$name" = libsockutil.dylib ]; then cp "$built/$name" "$folder/shared"; else link_shared; fi
install_changed "$folder/shared" "$file"
link_to "$file" "$soname"
link_to "$soname" "$name"

# A program's own readn goes before the library's, with the static library as with the shared one.
under=
[ "$name" != libsockutil.dylib ] || under=_
for bare in readn writen recv_peek readline; do set -- "$@" "--weaken-symbol=$under$bare"; done
shift 2
if [ "$under" ] && ! command -v "${OBJCOPY:-objcopy}" >/dev/null; then
    echo "stage.sh: no objcopy: with libsockutil.a a program cannot have a readn of its own" >&2
else
    "${OBJCOPY:-objcopy}" "$@" "$folder/sockutil.o"
fi
# The same file each time: without a time in it. Apple's ar takes that from the environment.
(cd "$folder" && ZERO_AR_DATE=1 "${AR:-ar}" "rcs$([ "$under" ] || echo D)" libsockutil.a sockutil.o)
install_changed "$folder/libsockutil.a" libsockutil.a
