#!/bin/sh
# cross.sh [MACHINE...] - the tests on machines that are not this one: big-endian, 32-bit and ARM by qemu's user mode, and
# x86-64 with musl. All is built by Debian's Rust 1.85, the oldest that sockutil is for; "msrv" is that on x86-64 itself.
# TESTS: names of test programs, instead of all that `make test` runs. FILTER: words of the names of tests, for a look at
# some of them. What is downloaded and built stays in target/cross.
set -eu
cd "$(dirname "$0")/.."
cross=$PWD/target/cross
tools=$cross/tools
version=1.85.0+dfsg3-1~deb12u3

fail() {
    echo "cross.sh: $*" >&2
    exit 1
}
# need COMMAND PACKAGE
need() {
    command -v "$1" >/dev/null 2>&1 || fail "$1 is missing: install the $2 package"
}

# machine NAME - what Rust, the C compilers, Debian and qemu call it, and how its programs begin: class, byte order and
# machine of the ELF header.
machine() {
    case $1 in
        s390x) rust=s390x-unknown-linux-gnu c=s390x-linux-gnu debian=s390x qemu=qemu-s390x elf='\x02\x02 \x00\x16' ;;
        i686) rust=i686-unknown-linux-gnu c=i686-linux-gnu debian=i386 qemu=qemu-i386 elf='\x01\x01 \x03\x00' ;;
        aarch64) rust=aarch64-unknown-linux-gnu c=aarch64-linux-gnu debian=arm64 qemu=qemu-aarch64 elf='\x02\x01 \xb7\x00' ;;
        musl) rust=x86_64-unknown-linux-musl c=musl debian=amd64 qemu='' ;;
        msrv) rust=x86_64-unknown-linux-gnu c='' debian=amd64 qemu='' ;;
        *) fail "there is no machine called $1: s390x i686 aarch64 musl msrv" ;;
    esac
}

# ---- Tools ----

# apt with lists of its own: those of this machine are neither used nor changed.
private_apt() {
    apt-get -qq -o Dir::State="$cross/apt" -o Dir::Cache="$cross/apt" -o Dir::Etc::sourcelist="$cross/apt/sources.list" \
        -o Dir::Etc::sourceparts=- -o Acquire::Languages=none -o APT::Sandbox::User=root -o APT::Architecture=amd64 \
        -o APT::Architectures::=i386 -o APT::Architectures::=arm64 -o APT::Architectures::=s390x "$@"
}

fetch_lists() {
    need apt-get apt
    need dpkg-deb dpkg
    # shellcheck disable=SC2016
    site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)
    [ -n "$site" ] || fail "apt knows no Debian archive to take Rust 1.85 and qemu from (apt-get update?)"
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    rm -rf "$cross/apt"
    mkdir -p "$cross/apt/lists/partial"
    printf "deb [signed-by=$keys] $site %s main\n" bookworm bookworm-backports >"$cross/apt/sources.list"
    private_apt update
    : >"$cross/apt/updated"
}

# unpack PACKAGE - downloads a package and unpacks it below the tools, once.
unpack() {
    stamp=$tools/.unpacked/$(echo "$1" | tr / _)
    [ ! -e "$stamp" ] || return 0
    [ -e "$cross/apt/updated" ] || fetch_lists
    rm -rf "$cross/apt/new"
    mkdir -p "$cross/apt/new" "$tools/.unpacked"
    (cd "$cross/apt/new" && private_apt download "$1")
    # Without what is for readers, and of the many machines of qemu those that are wanted.
    dpkg-deb --fsys-tarfile "$cross"/apt/new/*.deb >"$cross/apt/new/files.tar"
    case $1 in
        qemu-user/*) for name in s390x i386 aarch64; do echo "./usr/bin/qemu-$name"; done ;;
        *) echo . ;;
    esac | tar -x -C "$tools" --exclude=./usr/share -T - -f "$cross/apt/new/files.tar"
    rm -r "$cross/apt/new"
    : >"$stamp"
}

# Binds what begins as the machine's programs to its qemu, in a namespace of its own: so that programs can run programs.
bind() {
    # shellcheck disable=SC2086
    set -- $elf
    any='\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    echo ":sockutil:M:4:$1\\x01$any$2:\\xff\\xff\\xff$any\\xff\\xff:$tools/usr/bin/$qemu:PF" \
        >/proc/sys/fs/binfmt_misc/register
}

# tests MACHINE - runs its tests; what they say is kept in target/cross/MACHINE.log.
run_tests() {
    machine "$1"
    folder=$cross/$1
    mkdir -p "$folder/bin"
    export PATH="$folder/bin:$tools/usr/bin:$PATH" LD_LIBRARY_PATH="$tools/usr/lib/x86_64-linux-gnu:$tools/lib/x86_64-linux-gnu"
    export CARGO_BUILD_TARGET=$rust CARGO_TARGET_DIR="$folder"
    # The tests' own code is built for speed of building; what they build to ship is built as it is shipped.
    export CARGO_PROFILE_CROSS_INHERITS=release CARGO_PROFILE_CROSS_LTO=off CARGO_PROFILE_CROSS_OPT_LEVEL=1 \
        CARGO_PROFILE_CROSS_CODEGEN_UNITS=16
    linker=CARGO_TARGET_$(echo "$rust" | tr a-z- A-Z_)_LINKER
    case $1 in
        musl) ;;
        msrv) ;;
        *)
            export CC="$c-gcc" CXX="$c-g++" AR="$c-ar" QEMU_LD_PREFIX="/usr/$c"
            export "$linker=$CC"
            for tool in nm ar readelf objdump; do ln -sf "$(command -v "$c-$tool")" "$folder/bin/$tool"; done
            bind
            ;;
    esac
    set --
    for name in ${TESTS:-}; do set -- "$@" --test "$name"; done
    # shellcheck disable=SC2086
    "$tools/usr/bin/cargo" test --locked --no-fail-fast --profile cross "$@" -- ${FILTER:-}
}

if [ "${1:-}" = --inside ]; then
    run_tests "$2"
    exit
fi
for name in "$@"; do
    machine "$name"
    for package in "rustc-web=$version" "cargo-web=$version" "libstd-rust-web-1.85=$version" libllvm19 libpcre3 libhttp-parser2.9 \
        libstd-rust-web-dev:amd64="$version" libstd-rust-web-dev:$debian="$version" qemu-user/bookworm-backports; do
        unpack "$package"
    done
    unshare --user --map-root-user --mount sh "$0" --inside "$name" || :
done
