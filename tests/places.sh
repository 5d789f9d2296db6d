#!/bin/sh
# places.sh [PLACE...] - runs make demo and make test in places that are not a developer's machine: all of the list below,
# or those that are named. One line for each, with the last line of make test; fails if one fails. The sources are a clean
# clone of HEAD, in a folder with spaces in its path.
#
# Every place runs the whole demo, but only those test programs that fail most easily there, unless WHOLE=yes is set: all
# programs in all places take half an hour. Builds are shared where the place allows it.
#
# old-cargo   cargo is Debian 12's: make says which Rust is needed, and builds nothing
# spaces      nothing but the path
# offline     a fresh CARGO_HOME, filled by make demo; then make test without a network
# no-ipv6     a network without ::1; and then a kernel without AF_INET6
# few-files   ulimit -n 64
# user        an ordinary user, who may not attach packet filters to sockets
# read-only   the sources on a read-only file system; CARGO_TARGET_DIR with a space, and CARGO_BUILD_TARGET
# config      both of these by a config.toml of cargo, above the sources
set -eu
PLACES='old-cargo spaces offline no-ipv6 few-files user read-only config'
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET MAKEFLAGS MAKELEVEL MFLAGS
tree="$work/a place/sock util"
logs=$work/logs
mkdir -p "$logs" "$work/a place"
git clone -q "$root" "$tree"
cd "$tree"
${CC:-cc} -Wall -Wextra -Werror -o "$work/refuse" tests/places/refuse.c
host=$(rustc -vV | sed -n 's/^host: //p')
failures=0

report() {
    echo "$1: $2"
}

failed() {
    report "$1" "FAILED: $2"
    # Each failure's own words, and the end.
    {
        grep -A 6 -e 'panicked at' "$logs/$1" || :
        tail -n 40 "$logs/$1"
    } | sed 's/^/    /'
    failures=$((failures + 1))
}

# without_root PLACE - true, with a line, if this is not root.
without_root() {
    [ "$(id -u)" -ne 0 ] && report "$1" 'left out: only root can make this place'
}

# runs PLACE COMMAND... - its output goes to the place's log.
runs() {
    place=$1
    shift
    echo "+ $*" >>"$logs/$place"
    "$@" >>"$logs/$place" 2>&1
}

# demo PLACE COMMAND... - the command, which ends with make, shows the whole demo.
demo() {
    runs "$@" -s demo || {
        failed "$1" 'make demo'
        return 1
    }
    grep -q 'all came back identical' "$logs/$1" || {
        failed "$1" 'make demo does not say that all came back'
        return 1
    }
}

# tests PLACE PROGRAMS REASON COMMAND... - the command, which ends with make, passes these test programs, and leaves out
# something for this reason; for no reason of this list if it is empty.
tests() {
    place=$1
    programs=$2
    reason=$3
    shift 3
    [ -z "${WHOLE:-}" ] || programs=
    runs "$place" "$@" -s test TESTS="$programs" || {
        failed "$place" "make test: $(tail -n 1 "$logs/$place")"
        return 1
    }
    last=$(tail -n 1 "$logs/$place")
    case $last in
    '0 passed'* | *', 0 failed'*"$reason"*) ;;
    *)
        failed "$place" "the last line is: $last"
        return 1
        ;;
    esac
    case $last in
    '0 passed'*)
        failed "$place" 'no test has run'
        return 1
        ;;
    esac
    report "$place" "$last"
}

old_cargo() {
    mkdir "$work/old"
    cat >"$work/old/cargo" <<'END'
#!/bin/sh
case $1 in
-V | --version) echo 'cargo 1.63.0' ;;
*)
    echo 'error: failed to parse manifest: feature `edition2024` is required' >&2
    exit 101
    ;;
esac
END
    chmod +x "$work/old/cargo"
    for target in demo test; do
        if runs old-cargo env PATH="$work/old:$PATH" make -s "$target"; then
            failed old-cargo "make $target does not fail"
            return
        fi
    done
    said=$(sed -n '/^sockutil: /p' "$logs/old-cargo" | sort -u)
    case $said in
    *'1.63.0 is too old: '*'1.85 or newer (https://rustup.rs'*) report old-cargo "$said" ;;
    *) failed old-cargo 'make does not say which Rust is needed' ;;
    esac
}

spaces() {
    demo spaces make && tests spaces 'library man regressions kinds syscalls' '' make
}

offline() {
    if ! CARGO_HOME="$work/home" cargo fetch --locked --target "$host" --quiet 2>"$logs/offline"; then
        report offline 'left out: there is no network for the first build'
        return
    fi
    rm -rf "${work:?}/home" target/fetched.lock
    demo offline env CARGO_HOME="$work/home" make &&
        tests offline 'properties security' '' env CARGO_HOME="$work/home" CARGO_NET_OFFLINE=true make
}

# In a network of its own.
no_ipv6() {
    without_root no-ipv6 && return
    # shellcheck disable=SC2016 # for the other shell
    set -- unshare -n sh -c 'ip link set lo up && sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && exec "$@"' sh
    demo no-ipv6 "$@" make || return 0
    tests no-ipv6 'exports endpoints connecting' 'no IPv6' "$@" make || return 0
    tests no-ipv6 'endpoints connecting' 'no IPv6' "$@" "$work/refuse" ipv6 make
}

few_files() {
    # shellcheck disable=SC2016 # for the other shell
    set -- sh -c 'ulimit -n 64 && exec "$@"' sh
    demo few-files "$@" make && tests few-files 'exports kinds regressions' 'few open files' "$@" make
}

# The user cannot look into root's home, where Rust may be.
user() {
    without_root user && return
    mkdir -p "$work/rust" "$work/home"
    [ -d "$work/home/registry" ] || cp -R "${CARGO_HOME:-$HOME/.cargo}/registry" "$work/home"
    chown -R nobody "$work/a place" "$work/home"
    # shellcheck disable=SC2016 # for the other shell
    set -- env CARGO_HOME="$work/home" HOME="$work/home" CARGO_NET_OFFLINE=true RUST="$(rustc --print sysroot)" \
        unshare -m sh -c 'mount --bind "$RUST" "$0/rust" && PATH=$0/rust/bin:$PATH && export PATH &&
            exec setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$0/refuse" filter "$@"' "$work"
    demo user "$@" make && tests user 'examples process' 'no packet filter' "$@" make
}

# read_only_tree COMMAND... - runs it with the sources on a read-only file system.
read_only_tree() {
    # shellcheck disable=SC2016 # for the other shell
    unshare -m sh -c 'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && ! [ -w . ] && exec "$@"' sh "$@"
}

read_only() {
    without_root read-only && return
    set -- read_only_tree env CARGO_TARGET_DIR="$work/tar get" CARGO_BUILD_TARGET="$host" make
    demo read-only "$@" && tests read-only 'library syscalls' '' "$@"
}

config() {
    mkdir -p "$work/a place/.cargo"
    printf '[build]\ntarget-dir = "%s"\ntarget = "%s"\n' "$work/tar get" "$host" >"$work/a place/.cargo/config.toml"
    demo config make && tests config library '' make
    rm -r "$work/a place/.cargo"
}

# shellcheck disable=SC2086 # word by word
[ $# -gt 0 ] || set -- $PLACES
for place; do
    # A place that fails has said so.
    case $place in
    old-cargo) old_cargo ;;
    spaces) spaces ;;
    offline) offline ;;
    no-ipv6) no_ipv6 ;;
    few-files) few_files ;;
    user) user ;;
    read-only) read_only ;;
    config) config ;;
    *)
        echo "places.sh: no place is called $place; there are: $PLACES" >&2
        exit 2
        ;;
    esac || :
done
[ "$failures" -eq 0 ]
