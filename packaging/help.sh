#!/bin/sh
# help.sh MAKEFILE - its targets, each with the first sentence of the comment above it.
exec awk '
    /^# / { comment = comment (comment == "" ? "" : " ") substr($0, 3); next }
    /^[a-z][a-z -]*:([^=]|$)/ && comment != "" {
        split($0, part, ":")
        if (match(comment, /[.:]( |$)/)) comment = substr(comment, 1, RSTART - 1)
        n = split(part[1], words, " ")
        for (i = 1; i <= n; i++) printf "make %-20s %s\n", words[i], comment
    }
    { comment = "" }
' "$1"
