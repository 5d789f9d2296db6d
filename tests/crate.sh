#!/bin/sh
# crate.sh FOLDER - packages the crate as `cargo publish` would, in FOLDER and without a network: its files, cargo's
# warnings, its documentation, and a program that depends on it. Building that may change no file of the crate.
set -eu
script=crate
# shellcheck source=tests/package.sh
. "$(dirname "$0")/package.sh"
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
root=$PWD
CARGO=${CARGO:-cargo}
version=$(sed -n '/^version = /{s/.*"\(.*\)".*/\1/p;q;}' Cargo.toml)
CARGO_NET_OFFLINE=true CARGO_TARGET_DIR=$folder
export CARGO_NET_OFFLINE CARGO_TARGET_DIR

# The crates of Cargo.lock, if they are not here yet.
"$CARGO" fetch --locked --quiet 2>"$work/said" || CARGO_NET_OFFLINE=false "$CARGO" fetch --locked --quiet || fail fetch
rm -rf "$folder/package"
quiet "$CARGO" package --locked --allow-dirty --package sockutil
# The tests stay at home, and the address of the repository is not known yet.
grep '^warning' "$work/said" | grep -vxE 'warning: ignoring test .* is not included in the published package' |
    grep -vxF 'warning: manifest has no documentation, homepage or repository' >"$work/warnings" || :
[ ! -s "$work/warnings" ] || fail "cargo package warns"
: >"$work/said"

tar -xzf "$folder/package/sockutil-$version.crate" -C "$work"
crate=$work/sockutil-$version
(cd "$crate" && find . -type f | sed 's|^\./||' | sort) >"$work/files"
unexpected=$(grep -vxE -e '\.cargo_vcs_info\.json|Cargo\.(lock|toml|toml\.orig)|build\.rs|src/.*\.rs' \
    -e '(README|CHANGELOG|SECURITY)\.md|LICENSE-(MIT|APACHE)|include/sockutil\.(h|hpp|cdef)' "$work/files") || :
[ -z "$unexpected" ] || fail "files that were not expected: $unexpected"
for file in Cargo.lock LICENSE-MIT LICENSE-APACHE README.md include/sockutil.h; do
    [ -f "$crate/$file" ] || fail "$file is missing"
done

RUSTDOCFLAGS='-D warnings' quiet "$CARGO" doc --locked --no-deps --manifest-path "$crate/Cargo.toml"

# A header that is not the sources' must stay, too: a build script may write in OUT_DIR only.
echo '/* changed */' >>"$crate/include/sockutil.h"
checksums() {
    (cd "$crate" && find . -type f -exec cksum {} + | sort -k 3)
}
checksums >"$work/before"
mkdir -p "$work/dependent/src"
cp "$root/tests/crate/dependent.rs" "$work/dependent/src/main.rs"
cp Cargo.lock "$work/dependent"
cat >"$work/dependent/Cargo.toml" <<END
[package]
name = "dependent"
version = "0.0.0"
edition = "2024"

[dependencies]
sockutil = { path = "$crate" }

[workspace]
END
for profile in dev release; do
    quiet "$CARGO" build --profile $profile --manifest-path "$work/dependent/Cargo.toml"
    case $profile in dev) program=$folder/debug/dependent ;; *) program=$folder/release/dependent ;; esac
    [ "$("$program")" = "sockutil $version: a line" ] || fail "the program failed ($profile)"
done
depends=$(sed -n 's/^name = //p' "$work/dependent/Cargo.lock" | tr -d '"' | tr '\n' ' ')
checksums >"$work/after"
diff -u "$work/before" "$work/after" >"$work/said" || fail "the crate's files were changed"
[ "$depends" = 'dependent errno libc sockutil windows-link windows-sys ' ] || fail "the program needs: $depends"
size=$(stat -c %s "$folder/package/sockutil-$version.crate")
count=$(wc -l <"$work/files")
echo "crate: sockutil-$version.crate, $size bytes, $count files: it builds, documents itself, and a program depends on it"
