#!/bin/sh
# record.sh BIN OUT [NAME...] - runs the example programs in BIN as the book shows them, and writes what a terminal would
# show to OUT/NAME.txt: each command after "$ ", then what it prints. With names it runs only these.
#
# Every run writes the same: record.awk replaces what differs (ports, process ids, times). OUT may be book/recorded, the
# committed record. A program for which this machine lacks a right or a tool is one line on stderr; then the committed
# record is copied.
#
# There is a file for each program. Those that need another one share its file:
#   echo_server      with echo_client          process_server, thread_server, epoll_server, greet_server: echo_client, too
#   upper_server     with upper_client         unix_server      with unix_client
#   packet_server    with packet_client        relay            with echo_server and echo_client
#   udp_server       with udp_client           activation       with echo_client and systemd-socket-activate
#   http_get         with Python's http.server
set -eu
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)
limit=60 # seconds, for each program and each wait

fail() {
    echo "record: $*" >&2
    exit 1
}
[ $# -ge 2 ] || fail 'usage: record.sh BIN OUT [NAME...]'
command -v timeout >/dev/null || fail 'timeout(1) is missing'
programs=$(cd "$1" && pwd) || fail "no folder $1"
mkdir -p "$2"
out=$(cd "$2" && pwd)
shift 2
exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- # fd_pass prints descriptors: they must not depend on the caller's

# The programs run in an empty folder, where bin is BIN.
folder=$(mktemp -d)
mkdir "$folder/work"
ln -s "$programs" "$folder/work/bin"
cd "$folder/work"
servers=0 # in the background, started so far
clean() {
    for file in "$folder"/pid.*; do
        [ ! -e "$file" ] || kill -9 "$(cat "$file")" 2>/dev/null || :
    done
    rm -rf "$folder"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- A terminal session ----

# run COMMAND [STATUS...] - shows the command, runs it, and shows what it prints. Its exit status must be 0, or one of
# these; it is in `status`.
run() {
    command=$1
    shift
    printf '$ %s\n' "$command"
    status=0
    timeout -k 5 "$limit" sh -c "$command" 2>&1 9<&- || status=$?
    for expected in "${@:-0}"; do
        [ "$status" -ne "$expected" ] || return 0
    done
    fail "$command: exit status $status"
}

# start COMMAND PATTERN - shows the command, starts it in the background, and shows what it prints, up to the first line
# of this pattern. Its number in the shell is `servers`.
start() {
    servers=$((servers + 1))
    printf '$ %s &\n' "$1"
    timeout -k 5 "$limit" sh -c "echo \$\$ >'$folder/pid.$servers'; exec $1" </dev/null >"$folder/lines" 2>&1 9<&- &
    job=$!
    await "$2"
}

# await PATTERN - shows what the servers print, up to the first line of this pattern, which is then `line`.
await() {
    # shellcheck disable=SC2016
    timeout -k 5 "$limit" sh -c 'while IFS= read -r line; do
        printf "%s\n" "$line"
        case $line in $1) exit ;; esac
    done' sh "$1" <&9 >"$folder/said" || {
        cat "$folder/said" >&2
        fail "$name: no line \"$1\" within $limit seconds"
    }
    cat "$folder/said"
    line=$(tail -n 1 "$folder/said")
}

# serve COMMAND - starts a server. `port` is the port that it prints.
serve() {
    start "$1" 'listening on *'
    port=${line##*:}
}

# stop NUMBER - ends this server as kill(1) does.
stop() {
    echo "\$ kill %$1"
    kill "$(cat "$folder/pid.$1")"
    await 'server stopped'
    rm "$folder/pid.$1"
}

# left_out WHY - of the program that is recorded.
left_out() {
    echo "left out: $1: the record of $name" >&2
    missing=yes
}

# ---- The sessions ----

echo_server() {
    serve 'bin/echo_server 127.0.0.1 0'
    run "bin/echo_client 127.0.0.1 $port hello"
    await 'client close *'
    run "printf 'one\n\nthe last, without a newline' | bin/echo_client 127.0.0.1 $port"
    echo # its newline
    await 'client close *'
    stop 1
    run "bin/echo_client 127.0.0.1 $port hello" 1
}

process_server() {
    start 'bin/process_server 127.0.0.1 0' 'listening on *'
    port=${line##*:}
    await 'accepting: *'
    two_clients
}

thread_server() {
    serve 'bin/thread_server 127.0.0.1 0'
    two_clients
}

epoll_server() {
    serve 'bin/epoll_server 127.0.0.1 0'
    two_clients
}

# The first one waits at its keyboard while the second one is served.
two_clients() {
    start "tail -f /dev/null | bin/echo_client 127.0.0.1 $port" '*' >"$folder/first"
    await '*' >>"$folder/first"
    await '*' >>"$folder/first"
    grep -v '^client' "$folder/first" # two programs print these lines, in any order
    grep '^client' "$folder/first"
    run "bin/echo_client 127.0.0.1 $port hello"
    await 'client close *'
    echo '$ kill %2'
    kill -s TERM -- "-$job" # timeout(1) has made a process group for it, as a shell does
    rm "$folder/pid.2"
    await 'client close *'
    stop 1
}

greet_server() {
    serve 'bin/greet_server 127.0.0.1 0'
    at_the_keyboard "bin/echo_client 127.0.0.1 $port"
    await 'left in *'
    stop 1
    serve "bin/greet_server 127.0.0.1 $port"
    stop 2
}

# A program with a keyboard at which nobody types.
at_the_keyboard() {
    mkfifo "$folder/keys"
    exec 8<>"$folder/keys"
    run "$1" <&8
    exec 8<&-
    rm "$folder/keys"
}

upper_server() {
    serve 'bin/upper_server 127.0.0.1 0'
    run "bin/upper_client 127.0.0.1 $port some words"
    await 'client close *'
    serve "bin/upper_server 127.0.0.1 $port"
    run "bin/upper_server -a 127.0.0.1 $port" 1
    stop 1
    run "bin/upper_client 127.0.0.1 $port Grüße, world"
    await 'client close *'
    stop 2
}

packet_server() {
    serve 'bin/packet_server 127.0.0.1 0'
    run "bin/packet_client 127.0.0.1 $port one two three"
    await 'client close *'
    run "head -c 70000 /dev/zero | bin/packet_client 127.0.0.1 $port" 1
    await 'client close *'
    stop 1
}

udp_server() {
    serve 'bin/udp_server 127.0.0.1 0'
    first=$port
    run "printf 'one\ntwo\n' | bin/udp_client 127.0.0.1 $first"
    await 'client *'
    await 'client *'
    run "head -c 3000 /dev/zero | bin/udp_client 127.0.0.1 $first | wc -c"
    await 'client *'
    run "bin/udp_client -c 127.0.0.1 $first hello"
    await 'client *'
    serve 'bin/udp_server 127.0.0.1 0'
    run "printf 'one\ntwo\n' | bin/udp_client -a $port 127.0.0.1 $first"
    await 'client *'
    await 'client *'
    stop 1
    stop 2
    run "bin/udp_client 127.0.0.1 $first hello" 1
    run "bin/udp_client -c 127.0.0.1 $first hello" 1
}

unix_server() {
    start 'bin/unix_server' 'listening on *'
    run 'bin/unix_client echo.sock hello'
    await 'client close'
    run 'bin/unix_server' 1
    await 'client close'
    echo '$ kill -9 %1'
    kill -9 "$(cat "$folder/pid.1")"
    wait "$job" 2>/dev/null || :
    rm "$folder/pid.1"
    run 'bin/unix_client echo.sock hello' 1
    start 'bin/unix_server' 'listening on *'
    run 'bin/unix_client echo.sock again'
    await 'client close'
    stop 2
}

http_get() {
    python3 -c 'import http.server' 2>/dev/null || {
        left_out 'no Python'
        return
    }
    run "printf 'hello\n' >hello.txt"
    start 'python3 -u -m http.server --bind 127.0.0.1 0 2>/dev/null' 'Serving HTTP *'
    port=${line##*port }
    port=${port%% *}
    run "bin/http_get 127.0.0.1 $port /hello.txt"
    run "bin/http_get 127.0.0.1 $port /nothing >/dev/null"
}

relay() {
    serve 'bin/echo_server 127.0.0.1 0'
    serve "bin/relay 127.0.0.1 0 127.0.0.1:$port"
    run "bin/echo_client 127.0.0.1 $port hello"
    # Two servers print their lines, in any order: those of the echo server first.
    await 'client close *' >"$folder/first"
    await 'client close *' >>"$folder/first"
    grep -v ' bytes ' "$folder/first"
    grep ' bytes ' "$folder/first"
    stop 1
    at_the_keyboard "bin/echo_client 127.0.0.1 $port"
    await 'client * refused'
    stop 2
}

activation() {
    command -v systemd-socket-activate >/dev/null || {
        left_out 'no systemd-socket-activate'
        return
    }
    serve 'bin/activation 127.0.0.1 0'
    await 'listener *'
    stop 1
    start "systemd-socket-activate -l 127.0.0.1:$port bin/activation" 'Listening *'
    run "bin/echo_client 127.0.0.1 $port hello"
    await 'client close *'
    stop 2
    serve 'env LISTEN_PID=1 LISTEN_FDS=1 bin/activation 127.0.0.1 0'
    await 'listener *'
    stop 3
}

# Those that need no other program. 2: no right to a network of its own; 77: this system lacks what it needs.
alone() {
    run "$1" 0 2 77
    case $status in
    2) left_out 'no network namespace' ;;
    77) left_out "no $2" ;;
    esac
}

server_gone() {
    run 'bin/server_gone </dev/null'
}

# FINs that did not cross, as on a busy machine, are tried again by the program: then it runs again as a whole.
tcp_states() {
    for _ in 1 2 3 4 5 6 7 8 9; do
        alone bin/tcp_states 'packet filter' >"$folder/once"
        [ "$(grep -c '^Both ends' "$folder/once")" -gt 1 ] || break
    done
    cat "$folder/once"
}

# Two threads print their lines, in any order: those of the doubled pauses first.
syn_retries() {
    alone bin/syn_retries >"$folder/once"
    head -n 1 "$folder/once"
    tail -n +2 "$folder/once" | sort -r -s -k 1,1
}

# ---- All of them ----

sessions=' activation echo_server epoll_server greet_server http_get packet_server process_server relay server_gone '
sessions="$sessions syn_retries tcp_states thread_server udp_server unix_server upper_server "
clients=' echo_client packet_client udp_client unix_client upper_client '

# record NAME - its session, as it is in every run.
record() {
    name=$1
    missing=
    servers=0
    rm -f "$folder/lines" "$folder"/work/*.*
    mkfifo "$folder/lines"
    exec 9<>"$folder/lines"
    case $sessions in
    *" $name "*) "$name" >"$folder/session" ;;
    *) alone "bin/$name" IPv6 >"$folder/session" ;;
    esac
    exec 9<&-
    for file in "$folder"/pid.*; do
        [ ! -e "$file" ] || kill "$(cat "$file")"
        rm -f "$file"
    done
    if [ -z "$missing" ]; then
        awk -v program="$name" -f "$here/record.awk" "$folder/session" >"$out/$name.txt"
    elif [ "$out" != "$here/recorded" ]; then
        cp "$here/recorded/$name.txt" "$out"
    fi
}

[ $# -gt 0 ] || {
    set --
    for source in "$here"/../c_examples/*.c; do
        name=$(basename "$source" .c)
        case $clients in *" $name "*) continue ;; esac
        set -- "$@" "$name"
    done
}
for program in "$@"; do
    [ -x "bin/$program" ] || fail "$programs/$program is missing: run make examples"
    record "$program"
done
