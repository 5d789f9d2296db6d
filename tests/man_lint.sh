#!/bin/sh
# Fails if mandoc(1) complains about the pages, including their style and references to other pages.
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

# The pages refer to link pages that `make install` makes. Those are not checked: mandoc warns of every .so, but packagers
# use them.
mkdir "$work/man3"
sh "$links" make man3 "$work/man3"
set -- man3/*.3 man7/*.7
MANPATH=$PWD:$work:/usr/share/man mandoc -T lint -W style "$@" >"$log" 2>&1 || :
# A missing index of the pages does not matter here. The example stands before RETURN VALUES on purpose. The names of
# systems are words of the header's comments: .Fx would print the same.
if grep -v -e 'outdated mandoc.db' -e 'consider using OS macro' -e 'sections out of conventional order: Sh RETURN VALUES' "$log" >&2; then
    exit 1
fi
echo "man: mandoc finds no fault in $# pages"
