# Read by the scripts beside it. Each is called with the folder of the programs, and prints a conversation as a terminal
# shows it: the commands after a "$", and what they print.
set -eu
LC_ALL=C
export LC_ALL
bin=$1
folder=$(mktemp -d)
cd "$folder"
started=
trap 'kill -CONT $started 2>/dev/null; kill -9 $started 2>/dev/null; rm -rf "$folder"' EXIT

# show COMMAND: prints it and runs it. In the text the programs are in bin/.
show() {
    echo "\$ $1"
    (eval "$(printf '%s' "$1" | sed "s|bin/|$bin/|g")") 2>&1 || true
}

# serve NAME COMMAND: the same in the background, its output to NAME. Waits for its first line.
serve() {
    echo "\$ $2 >$1 2>&1 &"
    eval "exec $(printf '%s' "$2" | sed "s|bin/|$bin/|g") >$1 2>&1" &
    pid=$!
    started="$started $pid"
    while ! grep -q . "$1" 2>/dev/null; do sleep 0.02; done
    port=$(sed -n '1s/.*://p' "$1")
}

# stop NAME [-9]: ends the server that was started last, and prints what it has printed.
stop() {
    set -- "$1" "${2-}"
    kill $2 "$pid"
    wait "$pid" 2>/dev/null || true
    echo "\$ kill $2${2:+ }%1; cat $1"
    cat "$1"
}

# await NAME TEXT COUNT: waits until so many lines of a server's output have the text.
await() {
    until [ "$(grep -c "$2" "$1")" -ge "$3" ]; do sleep 0.02; done
}
