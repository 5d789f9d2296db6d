#!/bin/sh
# recorded.sh BIN [NAME...] - checks that the example programs in BIN print what the book shows: book/recorded. With names
# it checks only these.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
sh "$root/book/record.sh" "$bin" "$folder" "$@"
if [ $# -eq 0 ]; then
    diff -ru "$root/book/recorded" "$folder"
else
    for name in "$@"; do diff -u "$root/book/recorded/$name.txt" "$folder/$name.txt"; done
fi || {
    echo 'recorded.sh: the programs print something else than the book shows. If they are right:' >&2
    echo "    sh book/record.sh $bin book/recorded" >&2
    exit 1
}
set -- "$folder"/*
echo "recorded.sh: the programs print what the book shows, in $# files"
