#!/bin/sh
# book.sh HTML - checks the book in HTML, as make book has made it: its links, both languages against each other, and its
# pages in Chromium.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

fail() {
    echo "book.sh: $*" >&2
    exit 1
}
for command in chromium chromedriver; do
    command -v "$command" >/dev/null || fail "$command is missing (the chromium and chromium-driver packages)"
done
# The system's own Python has the package, also where another one comes first.
for python in python3 /usr/bin/python3; do
    ! "$python" -c 'import selenium' 2>/dev/null || break
done
"$python" -c 'import selenium' 2>/dev/null || fail "Selenium is missing (the python3-selenium package)"

"$python" "$here/book/links.py" "$1"
"$python" "$here/book/languages.py" "$here/../book"
"$python" "$here/book/pages.py" "$1" "$here/../include/sockutil.cdef"
