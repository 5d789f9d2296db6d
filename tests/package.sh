# shellcheck shell=sh disable=SC2034,SC2154
# package.sh - for scripts that include it: what packagers do, without a network. They set script, their name, before.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Shows the last command's output, too.
fail() {
    [ ! -s "$work/said" ] || tail -n 60 "$work/said" >&2
    echo "$script: $*" >&2
    exit 1
}

# need COMMAND PACKAGE
need() {
    command -v "$1" >/dev/null 2>&1 || fail "$1 is missing: install the $2 package"
}

# If this machine allows it, in a network of its own, with nothing but the loopback.
offline=
if unshare -n true 2>/dev/null; then offline=yes; fi

# quiet COMMAND...: offline, and shows what the command said only if it fails.
quiet() {
    # shellcheck disable=SC2016 # for the other shell
    [ -z "$offline" ] || set -- unshare -n sh -c 'ip link set lo up && exec "$@"' sh "$@"
    "$@" >"$work/said" 2>&1 || fail "failed: $*"
}
[ -z "$offline" ] || need ip iproute2

# take TARBALL - the release tarball: its path, name and version; cargo has no crates but those in it.
take() {
    tarball=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
    name=$(basename "$tarball" .tar.gz)
    version=${name#sockutil-}
    mkdir "$work/cargo-home"
    CARGO_HOME=$work/cargo-home CARGO_NET_OFFLINE=true
    export CARGO_HOME CARGO_NET_OFFLINE
    unset CARGO_TARGET_DIR CARGO_BUILD_TARGET
}
