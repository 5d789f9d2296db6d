#!/bin/sh
# dist.sh VERSION FOLDER - the release tarball of the last commit, or of the tree if there is no repository: the
# sources, and all crates for build and tests, so that they build without a network. The same commit and the same tools
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
(cd "$work/$name" && "${CARGO:-cargo}" vendor --locked vendor >/dev/null 2>"$work/said") || {
    cat "$work/said" >&2
    exit 1
}
mkdir -p "$work/$name/.cargo"
cat >"$work/$name/.cargo/config.toml" <<'EOF'
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
EOF
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$date" -C "$work" -cf - "$name" | gzip -9n >"$work/$name.tar.gz"
mv "$work/$name.tar.gz" "$folder/$name.tar.gz"
(cd "$folder" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "dist: $folder/$name.tar.gz, $(stat -c %s "$folder/$name.tar.gz") bytes"
