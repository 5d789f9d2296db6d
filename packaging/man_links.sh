#!/bin/sh
# man_links.sh list|make|remove PAGES [FOLDER] - the pages that are one line, ".so man3/PAGE.3": for each function that a
# page of the folder PAGES names under NAME, so that man(1) finds it by the function's name too. They are listed (PAGE and
# FUNCTION, a line each), or made in or removed from FOLDER.
#
# Only names with our prefix get one: readn, readline and so on may be pages of other packages.
set -eu

list() {
    for file in "$1"/*.3; do
        page=$(basename "$file" .3)
        sed -n "/^\.Sh NAME\$/,/^\.Nd /s/^\.Nm \(sockutil_[a-z0-9_]*\).*/$page \1/p" "$file" | sed "/^$page $page\$/d"
    done
}

links=$(list "$2")
[ -n "$links" ] || { echo "man_links.sh: no page in $2 names a function" >&2; exit 1; }
case $1 in
    list) echo "$links" ;;
    make) echo "$links" | while read -r page function; do
        echo ".so man3/$page.3" >"$3/$function.3"
        chmod 644 "$3/$function.3"
    done ;;
    remove) echo "$links" | while read -r page function; do rm -f "$3/$function.3"; done ;;
    *) exit 2 ;;
esac
