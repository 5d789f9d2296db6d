#!/bin/sh
# exported.sh LIBRARY - the names that a shared library exports, sorted, each with its version (name@@VERSION) if it has
# one. The linker's own symbols are absolute.
set -eu
nm -D --defined-only "$1" | awk '$2 != "A" { print $NF }' | LC_ALL=C sort -u
