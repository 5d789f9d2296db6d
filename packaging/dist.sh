#!/bin/sh
# dist.sh VERSION FOLDER - the release tarball of the last commit, or of the tree if there is no repository: the
# sources, and the crates for make and make test, so that they need no network. Of the other crates in Cargo.lock (for
# Windows, and for make header) only Cargo.toml is there, since cargo looks at all. The same commit and the same tools
# give the same bytes.
set -eu
version=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
cd "$(dirname "$0")/.."
name=sockutil-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if date=$(git log -1 --format=%ct 2>/dev/null); then
    git archive --prefix="$name/" HEAD | tar -x -C "$work"
else
    date=${SOURCE_DATE_EPOCH:-$(date +%s)}
    mkdir "$work/$name"
    tar --exclude=./target --exclude=./c_examples/bin --exclude=./fuzz/target --exclude=./fuzz/artifacts -cf - . |
        tar -x -C "$work/$name"
fi
cargo=${CARGO:-cargo}
cd "$work/$name"
"$cargo" vendor --locked --versioned-dirs vendor >/dev/null 2>"$work/said" || {
    cat "$work/said" >&2
    exit 1
}
for machine in x86_64-unknown-linux-gnu i686-unknown-linux-musl x86_64-unknown-freebsd aarch64-apple-darwin; do
    for package in sockutil sockutil-capi sockutil-man; do
        "$cargo" tree --locked --package "$package" --no-default-features --target "$machine" --prefix none \
            --format '{p}' >>"$work/tree"
    done
done
sed -n 's/^\([^ ]*\) v\([^ ]*\).*/\1-\2/p' "$work/tree" | sort -u >"$work/needed"
for crate in vendor/*; do
    ! grep -qx "$(basename "$crate")" "$work/needed" || continue
    find "$crate" -mindepth 1 ! -name Cargo.toml ! -name .cargo-checksum.json -delete
    sed -i 's/"files":{[^}]*}/"files":{}/' "$crate/.cargo-checksum.json"
    mkdir "$crate/src"
    echo "compile_error!(\"$(basename "$crate") is not in the release tarball: for make header, take the repository\");" \
        >"$crate/src/lib.rs"
done
mkdir -p .cargo
cat >.cargo/config.toml <<'EOF'
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
EOF
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$date" -C "$work" -cf - "$name" | gzip -9n >"$work/$name.tar.gz"
mv "$work/$name.tar.gz" "$folder/$name.tar.gz"
(cd "$folder" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "dist: $folder/$name.tar.gz, $(stat -c %s "$folder/$name.tar.gz") bytes"
