#!/bin/sh
# demo.sh [bin] - a conversation of echo_server and echo_client, shown, and compared byte for byte; then a short tour of
# what remains after a connection's end. bin is the folder with the programs; without it, the one that the Makefile here
# fills.
set -eu
LC_ALL=C # lengths in bytes, not characters
export LC_ALL
bin=${1:-$(dirname "$0")/bin}
limit=60 # seconds for each program: a demo that hangs is worse than one that fails
words='the words of a command line'
total_lines=0
total_bytes=0

fail() {
    echo "demo: $*" >&2
    exit 1
}

# Where there is a timeout(1), it ends each program at the limit. Used word by word.
bounded="timeout -k 5 $limit"
command -v timeout >/dev/null || bounded=

server=
folder=$(mktemp -d)
clean() {
    if [ -n "$server" ] && kill "$server" 2>/dev/null; then
        wait "$server" || :
    fi
    rm -rf "$folder"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# show MARK FILE: its lines, long ones shortened.
show() {
    while IFS= read -r line; do
        [ ${#line} -le 60 ] || line="$(printf '%.5s' "$line")... (${#line} bytes)"
        printf '%s %s\n' "$1" "$line"
    done <"$2"
}

# compare SENT: with what came back. Shows both, line by line, and counts.
compare() {
    show '>' "$1" >"$folder/there"
    show '<' "$folder/back" >"$folder/again"
    paste -d '\n' "$folder/there" "$folder/again"
    cmp "$1" "$folder/back" >&2 || fail "what came back differs from what was sent"
    total_lines=$((total_lines + $(wc -l <"$1")))
    total_bytes=$((total_bytes + $(wc -c <"$1")))
}

# client KIND PORT [TEXT...]: what comes back goes to the file back, what the client itself says is shown.
client() {
    program=$bin/echo_client$1
    shift
    # shellcheck disable=SC2086
    $bounded "$program" 127.0.0.1 "$@" >"$folder/back" 2>"$folder/said" ||
        fail "$program ended with status $?: $(cat "$folder/said")"
    sed 's/^/client: /' "$folder/said"
}

# conversation KIND: a server, two clients, and the server's end. KIND is "" or _static, as in the programs' names.
conversation() {
    echo "--- echo_server$1 and echo_client$1"
    rm -f "$folder/log"
    mkfifo "$folder/log"
    # shellcheck disable=SC2086
    $bounded "$bin/echo_server$1" 127.0.0.1 0 >"$folder/log" &
    server=$!
    exec 3<"$folder/log"
    IFS= read -r line <&3 || fail "echo_server$1 ended before it listened"
    echo "server: $line"
    port=${line##*:}

    # As from the keyboard: many lines, one connection. The quit is meant for the client: it is not sent.
    { cat "$folder/lines" && echo quit; } >"$folder/typed"
    client "$1" "$port" <"$folder/typed"
    compare "$folder/lines"

    # shellcheck disable=SC2086 # word by word
    client "$1" "$port" $words
    compare "$folder/words"

    kill -TERM "$server"
    wait "$server" || fail "echo_server$1 ended with status $?"
    server=
    sed 's/^/server: /' <&3
    exec 3<&-
}

# tour PROGRAM WHAT: a program that needs no other, and what to look at in it. Status 77: this system does not have what
# the program shows.
tour() {
    echo
    echo "--- $1: $2"
    status=0
    # shellcheck disable=SC2086
    $bounded "$bin/$1" 2>"$folder/said" || status=$?
    case $status in
    0) cat "$folder/said" >&2 ;;
    77) echo "left out, since this system lacks what it needs: $(cat "$folder/said")" ;;
    *) fail "$1 ended with status $status: $(cat "$folder/said")" ;;
    esac
}

states=
[ "$(uname -s)" != Linux ] || states=tcp_states
for program in echo_server echo_client echo_server_static echo_client_static $states reuse linger_reset; do
    [ -x "$bin/$program" ] || fail "$bin/$program is missing: run make first"
done
echo "$words" >"$folder/words"
{
    echo 'Hello, server.'
    echo 'Grüße, 世界: UTF-8 is bytes like any others.'
    echo
    head -c 100000 /dev/zero | tr '\0' x
    echo
    echo 'A line may have any length: the one above has 100,000 bytes.'
} >"$folder/lines"

conversation ''
conversation _static
echo '---'
echo 'Two servers and four clients, with the shared and with the static library:'
echo "$total_lines lines, $total_bytes bytes, all came back identical."

if [ "$states" ]; then
    tour tcp_states 'every state of a connection, made on purpose and read from the kernel; TIME_WAIT stays behind'
fi
tour reuse 'which bind gets the port again: in TIME_WAIT both the old and the new socket need the option'
tour linger_reset 'four ways to close, and what the peer gets: only the reset leaves no TIME_WAIT, and it may cost data'
echo
echo 'The other programs, and what to look at in each: c_examples/README.md'
