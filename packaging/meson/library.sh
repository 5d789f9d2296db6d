#!/bin/sh
# library.sh SOURCES FOLDER OUTPUT VARIABLE=VALUE... - for meson.build: builds the libraries in FOLDER, by make with these
# variables, and copies the static one to OUTPUT if it has changed.
set -eu
sources=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
output=$3
shift 3
CARGO_TARGET_DIR=$folder make -s -C "$sources" library "$@"
cmp -s "$folder/lib/libsockutil.a" "$output" || cp "$folder/lib/libsockutil.a" "$output"
