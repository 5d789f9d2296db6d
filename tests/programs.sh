#!/bin/sh
# programs.sh CARGO test OPTION... - as `cargo test`, but runs several test programs at once: most tests wait rather than
# compute. Shows what a program has printed when it ends.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$@" --no-run --message-format=json-render-diagnostics >"$folder/messages"
sed -n 's/.*"kind":\["test"\].*"executable":"\([^"]*\)".*/\1/p' "$folder/messages" >"$folder/programs"
[ -s "$folder/programs" ] || {
    echo "programs.sh: cargo has built no test program" >&2
    exit 1
}

# The longest first, so that none is left to run alone at the end.
longest='/\(examples\|faults\|exports\|compat_unp\|compat\|properties\|kinds\)-[0-9a-f]*$'
{
    grep "$longest" "$folder/programs" || :
    grep -v "$longest" "$folder/programs" || :
} | tr '\n' '\0' >"$folder/ordered"

export folder
# shellcheck disable=SC2016
xargs -0 -n 1 -P "$(getconf _NPROCESSORS_ONLN)" sh -c '
    name=$(basename "$1")
    status=0
    "$1" >"$folder/$name.log" 2>&1 || status=$?
    echo "$status $name"
' sh <"$folder/ordered" | while read -r status name; do
    printf "\n     Running %s\n" "${name%-*}"
    cat "$folder/$name.log"
    echo "$status $name" >>"$folder/ended"
    [ "$status" -eq 0 ] || echo "$name ended with $status"
done

# Every program has ended, and each with success.
[ "$(wc -l <"$folder/ended")" -eq "$(wc -l <"$folder/programs")" ]
! grep -qv '^0 ' "$folder/ended"
