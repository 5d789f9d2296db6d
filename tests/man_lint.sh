#!/bin/sh
# Fails unless mandoc(1) finds nothing to say of the pages, matters of style and references to other pages among them.
# usage: man_lint.sh FOLDER
set -eu
cd "$1"
if ! ls /usr/share/man/man2/recv.2* >/dev/null 2>&1; then
    echo "man: recv(2) is missing: the pages' references are looked up (the manpages-dev package)" >&2
    exit 1
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The links are left out: mandoc advises against any .so, which packagers are used to.
pages=$(grep -L '^\.so ' man3/*.3 man7/*.7)
# shellcheck disable=SC2086 # the names have no blanks
if ! MANPATH=$PWD:/usr/share/man mandoc -T lint -W style $pages >"$log" 2>&1; then
    # That no index has been made of the pages yet is none of our business.
    grep -v 'outdated mandoc.db' "$log" >&2
    exit 1
fi
echo "man: mandoc has nothing to say of $(echo "$pages" | wc -l) pages"
