#!/bin/sh
# conan.sh TARBALL FOLDER - creates the Conan package out of a release tarball, shared, static and without the bare
# names, without a network; Conan itself is installed by pip in FOLDER, once. Each package's test program runs, and so
# does one that finds the package by pkg-config.
set -eu
script=conan
# shellcheck source=tests/package.sh
. "$(dirname "$0")/package.sh"
take "$1"
mkdir -p "$2"
tools=$(cd "$2" && pwd)
# Conan chooses a compiler of its own, and takes "cc" in CC for an unknown one.
compiler=${CC:-cc}
unset CC
wanted=2.34.0
if [ "$("$tools/bin/conan" --version 2>/dev/null)" != "Conan version $wanted" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet "conan==$wanted" || fail "pip cannot install conan $wanted"
fi
tar -xzf "$tarball" -C "$work"
CONAN_HOME=$work/conan-home PATH=$tools/bin:$PATH
export CONAN_HOME PATH

# create shared|static OPTION...: the test program must have run.
create() {
    kind=$1
    shift
    quiet conan create "$work/$name/packaging/conan" --no-remote "$@"
    grep -qx "sockutil $version: a line" "$work/said" || fail "the test program did not run: $*"
    rm -rf "$work/consumer"
    mkdir "$work/consumer"
    cd "$work/consumer"
    quiet conan install --requires="sockutil/$version" --no-remote -g PkgConfigDeps -g VirtualRunEnv "$@"
    compat=$(PKG_CONFIG_PATH=. pkg-config --variable=compatdir sockutil)
    [ -f "$compat/csapp/csapp.h" ] || fail "compatdir is $compat"
    # shellcheck disable=SC2046
    quiet "$compiler" "$work/$name/packaging/conan/test_package/example.c" -o example \
        $(PKG_CONFIG_PATH=. pkg-config --cflags --libs sockutil)
    if readelf -d example | grep -q 'NEEDED.*libsockutil\.so\.0'; then loads=shared; else loads=static; fi
    [ $loads = "$kind" ] || fail "a $kind package, but a $loads program"
    # shellcheck disable=SC1091 # written by conan
    [ "$(set +u && . ./conanrun.sh && ./example)" = "sockutil $version: a line" ] || fail "the pkg-config program failed: $*"
}

# bare_names yes|no: whether the static library of the last package has readn.
bare_names() {
    nm "$(PKG_CONFIG_PATH=. pkg-config --variable=libdir sockutil)/libsockutil.a" >"$work/said"
    if grep -qw readn "$work/said"; then has=yes; else has=no; fi
    [ $has = "$1" ] || fail "libsockutil.a has readn: $has"
}

quiet conan profile detect
create shared -o 'sockutil/*:shared=True'
create static -o 'sockutil/*:shared=False'
bare_names yes
create static -o 'sockutil/*:shared=False' -o 'sockutil/*:classic_names=False'
bare_names no

quiet conan list "sockutil/$version:*"
packages=$(grep -c 'classic_names: ' "$work/said") || :
[ "$packages" = 3 ] || fail "$packages packages, not 3"
quiet conan remove --confirm 'sockutil/*'
quiet conan list 'sockutil/*'
! grep -q "sockutil/$version" "$work/said" || fail "conan remove left something"
echo "conan: $name, $packages packages${offline:+ in a network of its own}: shared, static, without the bare names"
