#!/bin/sh
# man_links.sh list|make|remove PAGES [FOLDER] - the pages that are one line, ".so man3/PAGE.3": for each function that a
# page of the folder PAGES names under NAME, so that man(1) finds it by the function's name too. They are listed (PAGE and
# the link's file, a line each), or made in or removed from FOLDER.
#
# readn, readline and so on may be pages of other packages: with the suffix of our own the files are not the same, and
# man(1) shows the other page first.
set -eu

list() {
    for file in "$1"/*.3; do
        page=$(basename "$file" .3)
        sed -n "/^\.Sh NAME\$/,/^\.Nd /s/^\.Nm \([a-z0-9_]*\).*/\1/p" "$file" | while read -r function; do
            case $function in
            "$page") ;;
            sockutil_*) echo "$page $function.3" ;;
            *) echo "$page $function.3sockutil" ;;
            esac
        done
    done
}

links=$(list "$2")
[ -n "$links" ] || { echo "man_links.sh: no page in $2 names a function" >&2; exit 1; }
case $1 in
    list) echo "$links" ;;
    make) echo "$links" | while read -r page file; do
        echo ".so man3/$page.3" >"$3/$file"
        chmod 644 "$3/$file"
    done ;;
    remove) echo "$links" | while read -r page file; do rm -f "$3/$file"; done ;;
    *) exit 2 ;;
esac
