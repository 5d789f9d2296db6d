#!/bin/sh
# tour.sh [bin] - the states of TCP, live: bin/tcp_states moves a connection through all eleven, and the diagram here
# shows where its two ends are. At a terminal, Enter goes on; elsewhere, and with TERM=dumb, each step is a line. With
# NO_COLOR there are no colours. bin is the folder with the programs; without it, the one that the Makefile here fills.
set -euf
bin=${1:-$(dirname "$0")/bin}

fail() {
    echo "tour: $*" >&2
    exit 1
}
[ "$(uname -s)" = Linux ] || fail 'only Linux has what bin/tcp_states needs'
[ -x "$bin/tcp_states" ] || fail "$bin/tcp_states is missing: run make first"

# How to show it: on the "screen", if there is one of 78 columns and 24 lines, or in "lines", one below the other.
form=lines
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
    { size=$(stty size <&3 2>/dev/null) || size='0 0'; } 3>&1
    [ "$size" != '0 0' ] || size='24 80' # not known
    if [ "${size% *}" -ge 24 ] && [ "${size#* }" -ge 78 ]; then form=screen; fi
fi
step= # the option of tcp_states that waits for Enter
if [ "$form" = screen ] && [ -t 0 ]; then step=-s; fi
colour=yes
[ -z "${NO_COLOR:-}" ] || colour=

saved= # the terminal's settings
folder=$(mktemp -d)
clean() {
    [ -z "$saved" ] || stty "$saved"
    [ "$form" = lines ] || printf '\033[0m\033[?25h\n' # plain text again, and the cursor
    rm -rf "$folder"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Each state is in its brackets, CLOSED twice: before the connection, and after it.
cat >"$folder/diagram" <<'END_OF_DIAGRAM'
                               [  CLOSED  ]
                 listen           |    |     connect: SYN is sent
                    v-------------+    +-------------v
              [  LISTEN  ]                     [  SYN_SENT  ]
   SYN arrives,     |                                |  SYN ACK arrives,
   SYN ACK is sent  v                                |  ACK is sent
             [  SYN_RECV  ]                          |
                    |                                v
   ACK arrives      +------> [  ESTABLISHED  ] <-----+
   close:                         |    |             FIN arrives,
   FIN is sent      v-------------+    +-------------v  ACK is sent
             [  FIN_WAIT1  ]                  [  CLOSE_WAIT  ]
   ACK arrives  |         |  FIN arrives,            |  close:
                v         v  ACK is sent             v  FIN is sent
       [  FIN_WAIT2  ]  [  CLOSING  ]          [  LAST_ACK  ]
   FIN arrives, |         |  ACK arrives             |  ACK arrives
   ACK is sent  v         v                          v
             [  TIME_WAIT  ] --- one minute ---> [  CLOSED  ]
END_OF_DIAGRAM

# The last of the lines that tcp_states has printed so far, alone or in the diagram. In the brackets of a state, C is the
# client and S the server.
cat >"$folder/draw.awk" <<'END_OF_AWK'
FILENAME == ARGV[1] { diagram[++rows] = $0; next }
FNR == 1 { next } # the heads of the columns
/^[^ ]/ { # a new title, and the addresses
    client_address = $(NF - 1)
    server_address = $NF
    title = words_before(NF - 1)
    opens = /opens/
    event = ""
    next
}
{
    client = $(NF - 1)
    server = $NF
    event = words_before(NF - 1)
    if (!seen[client]++) count++
    if (!seen[server]++) count++
}

function words_before(field,   text, i) {
    for (i = 1; i < field; i++)
        text = text (i > 1 ? " " : "") $i
    return text
}

# A state with those who are in it. Who is alone there has a colour.
function lit(name, c, s,   text, code) {
    text = "[" (c ? "C" : " ") " " name " " (s ? "S" : " ") "]"
    if (!c && !s)
        return text
    code = "1;7" (colour && c && !s ? ";36" : colour && s && !c ? ";33" : "")
    return escape "[" code "m" text escape "[0m"
}

function draw(row,   line, out, name, here) {
    for (line = diagram[row]; match(line, /\[  [A-Z_0-9]+  \]/); line = substr(line, RSTART + RLENGTH)) {
        name = substr(line, RSTART + 3, RLENGTH - 6)
        here = name != "CLOSED" || opens == (row == 1)
        out = out substr(line, 1, RSTART - 1) lit(name, here && client == name, here && server == name)
    }
    printf "  %s%s%s", out, line, rest
}

END {
    ends = title ": C " client_address ", S " server_address
    if (form == "lines" && event == "")
        printf "\n%s\n", ends
    else if (form == "lines")
        printf "C %-11s S %-11s  %s\n", client, server, event
    if (form == "lines" || event == "")
        exit
    escape = "\033"
    rest = escape "[K\n" # of a line: nothing
    printf "%s[H%s%s", escape, ends, rest
    for (row = 1; row <= rows; row++)
        draw(row)
    printf "%s  %s%s", rest, event, rest
    printf "client (C) %-13sserver (S) %-13s%d of 11 states seen%s", client, server, count, rest
    printf "%s%s[J", step ? "Enter: the next step, Ctrl-D: all others, Ctrl-C: enough" : "", escape
}
END_OF_AWK

# begin - before the first line. Without a word of tcp_states there is nothing to show.
begin() {
    if [ "$form" = screen ]; then
        printf '\033[?25l\033[H\033[2J'
    else
        echo 'The states of TCP; C is the client, S the server:'
        echo
        cat "$folder/diagram"
    fi
}
if [ "$step" ]; then
    saved=$(stty -g)
    stty -echo # Enter would move the diagram
fi
: >"$folder/lines"
{
    status=0
    "$bin/tcp_states" $step 2>"$folder/said" || status=$?
    echo "$status" >"$folder/status"
} | while IFS= read -r line; do
    [ -s "$folder/lines" ] || begin
    printf '%s\n' "$line" >>"$folder/lines"
    [ "$(wc -l <"$folder/lines")" -eq 1 ] ||
        awk -v form="$form" -v step="$step" -v colour="$colour" -f "$folder/draw.awk" "$folder/diagram" "$folder/lines"
done

case $(cat "$folder/status") in
0) ;;
77) fail "this system lacks what it needs: $(cat "$folder/said")" ;;
*) fail "$bin/tcp_states failed: $(cat "$folder/said")" ;;
esac
if [ "$form" = screen ]; then printf '\r\033[K'; else echo; fi # in place of the line about Enter
echo 'All states were seen. TIME_WAIT stays for a minute: ss -tan state time-wait'
echo 'Each state, and why a connection stays in it: c_examples/README.md, tcp_states'
