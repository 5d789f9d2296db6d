#!/bin/sh
# Fails unless the same functions are exported by the shared library, with a symbol version, declared in the header, named
# by one manual page each, and listed in the tables of the READMEs. Says what is missing where. DECLARED is what
# `sockutil-man names` prints.
# usage: names.sh LIBRARY DECLARED MAN README...
set -eu
library=$1
declared=$2
man=$3
shift 3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0

fail() {
    echo "names: $1" >&2
    failed=1
}

# compare WHAT FILE: the names in FILE against those of the library, both ways.
compare() {
    sort -u "$2" >"$folder/sorted"
    for name in $(comm -23 "$folder/library" "$folder/sorted"); do fail "$name is exported, and not $1"; done
    for name in $(comm -13 "$folder/library" "$folder/sorted"); do fail "$name is $1, and not exported"; done
}

sh "$(dirname "$0")/exported.sh" "$library" >"$folder/exported"
sed 's/@.*//' "$folder/exported" | sort -u >"$folder/library"
[ -s "$folder/library" ] || { echo "names: $library exports nothing" >&2; exit 1; }

grep -v '@@SOCKUTIL_0$' "$folder/exported" >"$folder/unversioned" || :
while read -r name; do fail "$name does not have the version SOCKUTIL_0"; done <"$folder/unversioned"

compare "declared in the header" "$declared"

# Bare names have no page of their own: other packages have pages of these names.
grep -v '^sockutil_' "$declared" >"$folder/bare" || :
: >"$folder/named"
for page in "$man"/man3/*.3; do
    awk '/^\.Sh / { inside = $2 == "NAME" } inside && /^\.Nm / { print $2 }' "$page" >>"$folder/named"
    ! grep -qxF "$(basename "$page" .3)" "$folder/bare" || fail "$page: a page of this name belongs to others"
done
compare "in a NAME section" "$folder/named"
# `make install` makes a page of the function's name that leads to the one that names it.
for name in $(sort "$folder/named" | uniq -d); do fail "$name is in two NAME sections"; done

# In a row with a lone `sockutil_` each name stands for itself and for the name with that before it.
for readme; do
    awk -F '`' '
        /^\|.*`sockutil_/ {
            both = index($0, "`sockutil_`")
            for (i = 2; i < NF; i += 2) if ($i ~ /^[a-z][a-z0-9_]*$/ && $i != "sockutil_") {
                print $i
                if (both) print "sockutil_" $i
            }
        }
    ' "$readme" >"$folder/readme"
    compare "in a table of $readme" "$folder/readme"
done

[ "$failed" -eq 0 ] || exit 1
echo "names: $(wc -l <"$folder/library") functions, the same in the library, the header, the pages and $# README(s)"
