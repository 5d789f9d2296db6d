#!/bin/sh
# cross.sh [MACHINE...] - the tests on other machines: big-endian, 32-bit and ARM in qemu's user mode, and x86-64 with
# musl. Debian's Rust 1.85, the oldest that sockutil supports, builds all; "msrv" is that Rust on x86-64 itself. TESTS:
# names of test programs, instead of all that `make test` runs. FILTER: names of tests, to run only some. Downloads and
# builds stay in target/cross.
set -eu
cd "$(dirname "$0")/.."
cross=$PWD/target/cross
tools=$cross/tools
libraries=$tools/usr/lib/x86_64-linux-gnu:$tools/lib/x86_64-linux-gnu
version=1.85.0+dfsg3-1~deb12u3

script=cross.sh
sources='Debian/bookworm Debian/bookworm-backports'
machines='i386 arm64 s390x'
. tests/debian.sh

# machine NAME - its names for Rust, the C compilers, Debian and qemu, and how its programs begin: class, byte order and
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

# Binds files that begin as the machine's programs to its qemu, in a separate namespace, so that programs can run
# programs.
bind() {
    # shellcheck disable=SC2086
    set -- $elf
    any='\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00'
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    printf '%s\n' ":sockutil:M:4:$1\\x01$any$2:\\xff\\xff\\xff$any\\xff\\xff:$tools/usr/bin/$qemu:PF" \
        >/proc/sys/fs/binfmt_misc/register
}

# run_tests MACHINE - in the namespace.
run_tests() {
    machine "$1"
    bin=$cross/bin/$1
    mkdir -p "$bin"
    export PATH="$bin:$tools/usr/bin:$PATH" CARGO_BUILD_TARGET="$rust" CARGO_TARGET_DIR="$cross/build"
    export LD_LIBRARY_PATH="$libraries"
    of_rust=CARGO_TARGET_$(echo "$rust" | tr a-z- A-Z_)
    name=$1
    skip=
    # Emulated, a test program's own loops take long.
    set -- --config profile.dev.opt-level=1
    if [ -n "$qemu" ]; then
        export CC="$c-gcc" CXX="$c-g++" AR="$c-ar" OBJCOPY="$c-objcopy" "${of_rust}_LINKER=$c-gcc"
        for tool in ar nm readelf; do ln -sf "$(command -v "$c-$tool")" "$bin/$tool"; done
        # qemu finds the machine's libraries here. An empty cache hides this machine's, which may list libraries of the
        # same kind (/lib32, another glibc) that the loader would take.
        root=$cross/root/$name
        mkdir -p "$root/etc"
        ln -sfn "/usr/$c/lib" "$root/lib"
        : >"$root/etc/ld.so.cache"
        export QEMU_LD_PREFIX="$root" SOCKUTIL_EMULATED=1 SOCKUTIL_TEXTS=100000
        export CFLAGS=-DWITHOUT_SOCK_DIAG CXXFLAGS=-DWITHOUT_SOCK_DIAG
        skip=$(left_out | sed 's/^[^ ]* /--skip /')
        bind
        as_packagers
    fi
    if [ "$name" = musl ]; then
        # Debian has no std for musl: it is built with the tests. Its unwinder is gcc's. Linux's headers are not part of
        # musl.
        printf '#!/bin/sh\nexec musl-gcc "$@" -idirafter /usr/include -idirafter /usr/include/%s\n' \
            "$(gcc -print-multiarch)" >"$bin/musl-cc"
        chmod +x "$bin/musl-cc"
        export CC=musl-cc CXX=musl-cc "${of_rust}_LINKER=musl-gcc"
        musl-gcc -c -o "$bin/find_object.o" tests/cross/find_object.c
        echo "INPUT($bin/find_object.o $(gcc -print-file-name=libgcc_eh.a))" >"$bin/libgcc_s.so"
        export "${of_rust}_RUSTFLAGS=-Ctarget-feature=-crt-static -Clink-self-contained=no -L$bin"
        # A separate folder: with RUSTC_BOOTSTRAP cargo rebuilds the parts for this machine.
        export CARGO_TARGET_DIR="$cross/build-musl" RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD='std panic_abort'
    fi
    for test in ${TESTS:-}; do set -- "$@" --test "$test"; done
    # The tests' own code is built quickly; the libraries are built as shipped.
    # shellcheck disable=SC2086
    sh tests/programs.sh "$tools/usr/bin/cargo" test --package sockutil --locked "$@" -- --exact $skip ${FILTER:-}
}

# as_packagers - as those who build packages do it: the Makefile builds for CARGO_BUILD_TARGET by the C compiler alone.
as_packagers() {
    destination=$cross/destination/$name
    rm -rf "$destination"
    env -u "${of_rust}_LINKER" make -s CARGO="$tools/usr/bin/cargo" CC="$CC" AR="$AR" OBJCOPY="$OBJCOPY" DESTDIR="$destination" \
        library install
    for kind in shared static; do
        case $kind in shared) library=-lsockutil ;; static) library=$destination/usr/local/lib/libsockutil.a ;; esac
        "$CC" tests/install/consumer.c -o "$destination/$kind" -I"$destination/usr/local/include" \
            -L"$destination/usr/local/lib" "$library"
        said=$(LD_LIBRARY_PATH=$destination/usr/local/lib "$destination/$kind" | head -n 1)
        [ "$said" = "a line" ] || fail "a program with the installed $kind library said: $said"
        readelf -h "$destination/$kind" | grep Machine:
    done
}

# left_out - the lines of left_out.txt for the chosen test programs.
left_out() {
    grep -v -e '^#' -e '^$' tests/cross/left_out.txt | while read -r program test; do
        case " ${TESTS:-$program} " in *" $program "*) echo "$program $test" ;; esac
    done
}

# What qemu's user mode refuses, as rules for the shim: NETLINK_SOCK_DIAG with EOPNOTSUPP, and with ENOPROTOOPT
# IP_MULTICAST_IF, IP_MULTICAST_ALL, IPV6_MULTICAST_IF (both ways) and IPV6_MULTICAST_ALL.
refused='socket arg1=16 arg3=4 errno=95
getsockopt arg2=0 arg3=32 errno=92
setsockopt arg2=0 arg3=49 errno=92
setsockopt arg2=41 arg3=17 errno=92
getsockopt arg2=41 arg3=17 errno=92
setsockopt arg2=41 arg3=29 errno=92'

# Sees that each test that is left out fails here, too, without what qemu lacks. A path with a blank in it cannot be
# preloaded.
check_left_out() {
    shim=$(mktemp /tmp/sockutil-shim.XXXXXX)
    sh tests/shim/build.sh "$shim"
    for program in $(left_out | cut -d ' ' -f 1 | sort -u); do
        names=$(left_out | sed -n "s/^$program //p")
        # shellcheck disable=SC2086
        SOCKUTIL_EMULATED=1 LD_PRELOAD="$shim" SHIM="$refused" cargo test --locked --test "$program" -- --exact $names \
            >"$cross/without.log" 2>&1 || :
        for name in $names; do
            grep -q "^test $name \.\.\. FAILED$" "$cross/without.log" || {
                cat "$cross/without.log" >&2
                fail "left_out.txt: $program $name: it does not fail without what qemu lacks, so why is it left out?"
            }
        done
    done
    rm "$shim"
}

# row MACHINE - its result, for the table; false unless tests ran and none failed.
row() {
    machine "$1"
    log=$cross/$1.log
    # "test result: ok. 3 passed; 0 failed; ..."
    passed=$(awk '/^test result: / { n += $4 } END { print n + 0 }' "$log")
    failed=$(awk '/^test result: / { n += $6 } END { print n + 0 }' "$log")
    out=0
    [ -z "$qemu" ] || out=$(left_out | wc -l)
    status=$(cat "$log.status")
    printf '%-8s %-14s %6s %6s %8s  %s\n' "$1" "${qemu:-natively}" "$passed" "$failed" "$out" \
        "$([ "$status" -eq 0 ] || echo "exit status $status: see $log")"
    [ "$status" -eq 0 ] && [ "$passed" -gt 0 ]
}

if [ "${1:-}" = --inside ]; then
    run_tests "$2"
    exit
fi
[ $# -gt 0 ] || fail "which machines? s390x i686 aarch64 musl msrv"
need unshare util-linux
need cargo 'cargo (it sees what the left-out tests fail of)'
emulated=
for name in "$@"; do
    machine "$name"
    case $name in
        musl) need musl-gcc musl-tools ;;
        msrv) ;;
        *)
            need "$c-gcc" "gcc-$c"
            need "$c-g++" "g++-$c"
            need "$c-ar" "binutils-$c"
            unpack qemu-user/bookworm-backports
            emulated=yes
            ;;
    esac
    for package in rustc-web cargo-web libstd-rust-web-1.85 libstd-rust-web-dev:amd64 "libstd-rust-web-dev:$debian"; do
        unpack "$package=$version"
    done
    [ "$name" != musl ] || unpack "rust-web-src=$version"
    # Tools that only these machines need.
    for package in libllvm19 libpcre3 libhttp-parser2.9; do unpack "$package"; done
done
# Tools that this machine needs; every Debian with git and a C compiler has most of them.
check_tools 'Rust 1.85' "$tools/usr/bin/cargo" "$tools/usr/bin/rustc" "$tools"/usr/lib/x86_64-linux-gnu/*.so*
[ -z "$emulated" ] || check_left_out
for name in "$@"; do
    machine "$name"
    # Emulated programs are bound to qemu in a separate namespace.
    namespace=
    [ -z "$qemu" ] || namespace='unshare --user --map-root-user --mount'
    # shellcheck disable=SC2086
    sh tests/run.sh "$cross/$name.log" $namespace sh "$0" --inside "$name" || :
done
[ -z "$emulated" ] || {
    echo "Left out under qemu, which lacks what they need (tests/cross/left_out.txt):"
    left_out | sed 's/^/    /'
}
printf '%-8s %-14s %6s %6s %8s\n' machine runs passed failed 'left out'
result=0
for name in "$@"; do row "$name" || result=1; done
exit $result
