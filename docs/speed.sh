#!/bin/sh
# speed.sh RESULTS - writes docs/speed.svg to stdout: how many lines each reader returns in the time in which sockutil
# returns 100, from the rows of bench/results.json about lines of 64 bytes. A reader without a row has no bar.
set -eu
awk '
    # The text after "name": , or its number.
    function value(name) {
        if (!match($0, "\"" name "\": *(\"[^\"]*\"|[0-9.]+)")) return ""
        text = substr($0, RSTART, RLENGTH)
        sub(/^"[^"]*": */, "", text)
        gsub(/"/, "", text)
        return text
    }
    function bar(label, lines, colour) {
        bars = bars sprintf("<text x=\"290\" y=\"%d\" text-anchor=\"end\">%s</text>\n", y + 15, label)
        bars = bars sprintf("<rect x=\"300\" y=\"%d\" width=\"%.1f\" ", y, lines * 3.6)
        bars = bars sprintf("height=\"20\" rx=\"2\" fill=\"%s\"/>\n", colour)
        bars = bars sprintf("<text x=\"%.1f\" y=\"%d\">%.0f</text>\n", 308 + lines * 3.6, y + 15, lines)
        y += 30
    }
    BEGIN {
        order = split("getline|libevent evbuffer_readln|textbook, static buffer|textbook peek", names, "|")
        split("getline(3)|libevent, evbuffer_readln|as UNP does: readline|" \
              "as tutorials do: readline with MSG_PEEK", labels, "|")
    }
    /^  "date"/ { date = value("date") }
    /^  "processor"/ { processor = value("processor") }
    /^  "system"/ { system_ = value("system") }
    /^  "compiler"/ { compiler = value("compiler") }
    /^  "glibc"/ { glibc = value("glibc") }
    value("what") == "reader_line, 64 KB" && value("size") == "64 B lines" {
        if (value("cost") != "") lines[value("against")] = 100 * value("cost")
        if (value("times_as_fast") != "") lines[value("against")] = 100 / value("times_as_fast")
    }
    END {
        gsub(/\(R\)/, "", processor)
        sub(/-[^ ]*/, "", system_)
        y = 56
        bar("sockutil_reader_line", 100, "#3fa35b")
        for (i = 1; i <= order; i++) if (names[i] in lines) bar(labels[i], lines[names[i]], "#768390")
        if (y < 100 || date == "") { print "speed.sh: no rows, or no date" >"/dev/stderr"; exit 1 }
        printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 %d\" ", y + 74
        printf "width=\"720\" height=\"%d\" role=\"img\" ", y + 74
        print "font-family=\"system-ui, sans-serif\" font-size=\"14\" fill=\"#768390\">"
        print "<title>Lines read in the time in which sockutil reads 100</title>"
        print "<text x=\"300\" y=\"20\" font-size=\"16\" font-weight=\"bold\">Lines read while sockutil reads 100</text>"
        print "<text x=\"300\" y=\"40\">lines of 64 bytes from a TCP socket; longer is better</text>"
        printf "%s", bars
        note = "<text x=\"360\" y=\"%d\" text-anchor=\"middle\" font-size=\"12\">%s</text>\n"
        printf note, y + 20, date ": " processor ", " system_ ", glibc " glibc ", gcc " compiler
        printf note, y + 38, "Processor time, with the data already in the socket. getline: on fdopen, with a buffer of 64 KB."
        printf note, y + 56, "The last two are our own code in that style, with their buffers: bench/README.md."
        print "</svg>"
    }
' "${1:-bench/results.json}"
