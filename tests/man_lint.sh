#!/bin/sh
# Fails unless mandoc(1) finds nothing to say of the pages, matters of style and references to other pages among them.
# usage: man_lint.sh FOLDER
set -eu
links=$(cd "$(dirname "$0")/.." && pwd)/packaging/man_links.sh
cd "$1"
if ! ls /usr/share/man/man2/recv.2* >/dev/null 2>&1; then
    echo "man: recv(2) is missing: the pages' references are looked up (the manpages-dev package)" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log

# The pages refer to those that `make install` makes. mandoc is not asked of these: it advises against any .so, which
# packagers are used to.
mkdir "$work/man3"
sh "$links" make man3 "$work/man3"
set -- man3/*.3 man7/*.7
if ! MANPATH=$PWD:$work:/usr/share/man mandoc -T lint -W style "$@" >"$log" 2>&1; then
    # That no index has been made of the pages yet is none of our business.
    grep -v 'outdated mandoc.db' "$log" >&2
    exit 1
fi
echo "man: mandoc has nothing to say of $# pages"
