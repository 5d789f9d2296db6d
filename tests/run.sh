#!/bin/sh
# Runs a command, shows what it prints, keeps it in a file too, and ends as the command does.
# usage: run.sh LOG COMMAND [ARGUMENT...]
set -eu
log=$1
shift
mkdir -p "$(dirname "$log")"
rm -f "$log" "$log.status"
{
    status=0
    "$@" 2>&1 || status=$?
    echo "$status" >"$log.status"
} | tee "$log"
exit "$(cat "$log.status")"
