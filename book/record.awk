# record.awk - makes what a program printed the same in every run. -v program=NAME.
#
# Ports become 40001, 40002, ... and process ids 1001, 1002, ..., each in the order in which it first appears. A number
# that is measured, or that chance decides, is shown as it was in one run, if it is one that the program may print: see
# `measured` and the table at the end. Any other number stays, and so does every word.

# The numbers of a file, renamed.
function port(number) {
    if (number == 0 || number == 80 || number == 6666 || number == 7777)
        return number
    if (!(number in ports))
        ports[number] = 40001 + port_count++
    return ports[number]
}
function pid(number) {
    if (!(number in pids))
        pids[number] = 1001 + pid_count++
    return pids[number]
}

# Renames the number at the end of each match of `pattern` in $0.
function rename(pattern, kind,   before, found, number) {
    for (before = ""; match($0, pattern); $0 = substr($0, RSTART + RLENGTH)) {
        found = substr($0, RSTART, RLENGTH)
        match(found, /[0-9]+$/)
        number = substr(found, RSTART)
        found = substr(found, 1, RSTART - 1) (kind == "port" ? port(number) : pid(number))
        match($0, pattern)
        before = before substr($0, 1, RSTART - 1) found
    }
    $0 = before $0
}

# A command may name a port alone: renames it if the program has printed it before.
function rename_words(   before, word) {
    for (before = ""; match($0, /[0-9]+/); $0 = substr($0, RSTART + RLENGTH)) {
        word = substr($0, RSTART, RLENGTH)
        before = before substr($0, 1, RSTART - 1) (word in ports ? ports[word] : word)
    }
    $0 = before $0
}

# The number after the text `before`, with the blanks in front of it, becomes `shown` if it is from least to most.
function measured(before, least, most, shown,   start, end, number) {
    if (!match($0, before " *[0-9]+"))
        return
    start = RSTART
    end = RSTART + RLENGTH
    number = substr($0, start, RLENGTH)
    match(number, / *[0-9]+$/)
    start += RSTART - 1
    number = substr(number, RSTART) + 0
    if (number >= least && number <= most)
        $0 = substr($0, 1, start - 1) shown substr($0, end)
}

# How systemd-socket-activate words these differs from version to version.
/^Communication attempt on fd / || /^Exec(ut)?ing/ { next }

{
    rename("(127\\.[0-9.]+|239\\.[0-9.]+|0\\.0\\.0\\.0|\\[::1\\]):[0-9]+", "port")
    rename("127\\.[0-9.]+ port [0-9]+", "port")
    rename("child of [0-9]+", "pid") # the parent is older
    rename("(process|pid) [0-9]+", "pid")
}
/^\$ / { rename_words() }

program == "unix_server" { measured("uid", 0, 4294967294, " 1000"); measured("gid", 0, 4294967294, " 1000") }
program == "fd_pass" { sub(/socket [0-9]+,/, "socket 54321,") }

# When a SYN is sent again, in ms: the pauses are doubled, or linear at first.
BEGIN {
    second["doubled", 1] = 1000
    second["doubled", 2] = 3000
    for (i = 1; i <= 5; i++)
        second["4", i] = 1000 * i
}

# The rules: line, text before the number, least, most, shown.
program == "window" {
    if (/^writer:.* after [0-9]? ms|^writer:.* after [0-9][0-9] ms/) {
        measured("^writer:", 65536, 999999, " 175589")
        measured("after", 0, 99, " 0")
    }
    if (/^writer:.* after /) {
        measured("after", 300, 9999, " 300")
        if (/after 300/)
            measured("^writer:", 65536, 999999, " 270821")
    }
    measured("^queued:", 1, 999999, " 127973")
    measured("reader,", 1, 999999, " 142848")
    measured("^reader:", 65536, 999999, " 270821")
    if (/ more$/)
        measured("^writer:", 1, 999999, " 142848")
    measured("^in", 2, 99, " 7")
    measured("bytes,", 1, 99, / off:/ ? " 1" : " 2")
}
program == "linger_reset" {
    if (match($0, /^  [0-9]+-[0-9]+/)) {
        split(substr($0, 3, RLENGTH - 2), ends, "-")
        $0 = "  " port(ends[1]) "-" port(ends[2]) substr($0, RSTART + RLENGTH)
    }
    if (/ 1 s .*FIN_WAIT1|O_NONBLOCK/)
        measured("0 in", 1000, 9999, " 1000") # its second is over
    else
        measured("0 in", 0, 999, / 1 s/ ? "   40" : "    0")
    measured("CLOSED", 1000, 199999, "     128000")
}
program == "connect_timeout" {
    if (/not writable/)
        measured("after", 500, 2999, " 500")
    else if (/ETIMEDOUT/)
        measured("after", 2000, 30000, " 3000")
    else
        measured("after", 0, 499, " 0")
    rename("(client at|accepted:) port [0-9]+", "port")
}
program == "syn_retries" && / again, / { split($0, words, "again, "); measured("after", 900, 9999, " " second[$1, words[2] + 0]) }
program == "syn_retries" { measured("ETIMEDOUT after", 6900, 19999, " 7000") }
program == "interrupted" { measured("^[a-zA-Z_, ]*:", 3, 99, " 3"); measured("^accept: 3 signals,", 1, 99, " 3") }
program == "socket_sizes" {
    measured("new socket:", 512, 2147483647, " 131072")
    measured("set to 1: getsockopt returns", 512, 9999, " 2304")
    measured("set to 1073741824: getsockopt returns", 512, 2147483647, " 8388608")
    if (/^as it is/) {
        default_sizes = 1
        measured("then", 536, 65535, " 32741")
        measured("client,", 536, 65535, " 32768")
    } else if (default_sizes) {
        default_sizes = 0
        measured("SO_RCVBUF", 512, 2147483647, " 131072")
        measured("client", 512, 1073725440, " 65483")
    }
}
program == "udp_cost" {
    measured("sendto", 1, 99999, " 2870")
    measured("each, connected", 1, 99999, " 2530")
    sub(/ratio [0-9]\.[0-9]+/, "ratio 0.88")
}
program == "reuse" { measured("accepted", 1, 99, " 3"); measured("the other", 1, 99, " 1") }
program == "time_wait_flood" && /server closes first/ { at_server = 1; print; next }
program == "time_wait_flood" && at_server-- > 0 { measured("ends,", 1, 20, " 10") }
program == "keepalive" { measured("after", 2500, 9999, /with keepalive, read/ ? " 3000" : "") }
program == "half_open" && /^user timeout, read/ { measured("after", 1000, 9999, " 1400") }
program == "half_open" && /^keepalive, read/ { measured("after", 2500, 9999, " 3000") }
program == "half_open" && /^(writer|idle), read/ { measured("after", 2500, 39999, " 3400") }
# On a busy machine, the thread that counts may not run in time: it counts 0.
program == "connect_race" && /^race: / { measured("after", 250, 999, " 250"); measured("at most", 0, 2, " 1") }
program == "connect_race" && /^race, / { measured("after", 0, 249, " 0"); measured("at most", 0, 2, " 0") }

{ print }
