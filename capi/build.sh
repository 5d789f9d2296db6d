#!/bin/sh
# build.sh TARGET CARGO... - builds the libraries by a cargo command that builds in the folder TARGET, and stages them in
# TARGET/lib. FEATURES: more arguments of cargo build.
set -eu
target=$1
shift
mkdir -p "$target"

# The first time, fetch the crates of the tests too: then neither make nor make test needs a network again.
if ! cmp -s Cargo.lock "$target/fetched.lock"; then
    host=$("$@" -vV | sed -n 's/^host: //p')
    if "$@" fetch --locked --target "$host"; then
        cp Cargo.lock "$target/fetched.lock"
    else
        echo "sockutil: not all crates could be fetched; make test may want them later" >&2
    fi
fi

# The C compiler links the shared library (stage.sh), but on macOS.
case ${CARGO_BUILD_TARGET:-$(uname -s)} in
*apple* | Darwin) kind= ;;
*) kind='--crate-type staticlib' ;;
esac
# shellcheck disable=SC2086 # word by word
set -- "$@" rustc --release --locked ${FEATURES:-} $kind
echo "$*"
"$@" --message-format json-render-diagnostics >"$target/built.json"
# cargo says where, whatever its settings for targets and profiles are.
built=$(sed -n 's/.*"\([^"]*\)\/libsockutil\.a".*/\1/p' "$target/built.json" | tail -n 1)
exec sh "$(dirname "$0")/stage.sh" "$built" "$target/lib"
