# shellcheck shell=sh disable=SC2034,SC2154
# zig.sh - for scripts that include it (tests/cross_build.sh, packaging/release.sh): Debian's Rust, and zig as the C
# compiler of other systems, in the folder $cross. They set script, their name, before, and run at the top of the tree.
tools=$cross/tools
llvm=$tools/usr/lib/llvm-22
libraries=$tools/usr/lib/x86_64-linux-gnu:$llvm/lib
rust=1.96.0+dfsg1
zig=0.17.1
zigbuild=0.24.1
sources='Debian/bookworm Debian-Security/bookworm-security'
machines=
. tests/debian.sh

# Unpacked, or installed into a virtual environment of Python's, each once.
fetch_tools() {
    need python3 'python3 (zig comes by its pip)'
    for package in rustc-web cargo-web rust-web-src libstd-rust-web-dev libstd-rust-web-1.96; do
        unpack "$package=$rust-*"
    done
    for package in libllvm22 llvm-22 libgit2-1.5 libhttp-parser2.9 libmbedcrypto7 libmbedtls14 libmbedx509-1 \
        libssh2-1; do
        unpack "$package"
    done
    check_tools 'Rust 1.96' "$tools/usr/bin/cargo" "$tools/usr/bin/rustc" "$llvm/bin/llvm-objcopy"
    if [ ! -e "$cross/venv/zig-$zig-$zigbuild" ]; then
        rm -rf "$cross/venv"
        python3 -m venv "$cross/venv" || fail "Python has no venv with pip: install the python3-venv package"
        "$cross/venv/bin/python" -m pip install --quiet --disable-pip-version-check "ziglang==$zig" \
            "cargo-zigbuild==$zigbuild" || fail "pip cannot install ziglang $zig and cargo-zigbuild $zigbuild"
        : >"$cross/venv/zig-$zig-$zigbuild"
    fi
    mkdir -p "$cross/bin"
    # Not venv/bin/python-zig: that is Python's, and each of hundreds of calls would start it.
    installed=$("$cross/venv/bin/python" -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')/zig
    ln -sf "$installed" "$cross/bin/zig"
}

use_tools() {
    export PATH="$cross/bin:$tools/usr/bin:$cross/venv/bin:$PATH" LD_LIBRARY_PATH="$libraries"
    export RUSTC="$tools/usr/bin/rustc" CARGO="$tools/usr/bin/cargo" CARGO_ZIGBUILD_ZIG_PATH="$cross/bin/zig"
    export ZIG_GLOBAL_CACHE_DIR="$cross/zig" ZIG_LOCAL_CACHE_DIR="$cross/zig" CARGO_TARGET_DIR="$cross/build"
    # Debian has no core for these systems: it is built with the library.
    export RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD='core,compiler_builtins'
    unset RUSTUP_TOOLCHAIN CARGO_BUILD_TARGET RUSTFLAGS MAKEFLAGS MAKELEVEL
}
