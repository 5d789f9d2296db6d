#!/bin/sh
# Takes the pairs (function, errno) of the header's comments, as `sockutil-man pairs` prints them, and fails unless
#  - each has a test of the name function_ERRNO that ran and passed,
#  - each pair of the contract is among them,
#  - each test of such a name is for a pair that the header has.
# usage: contract.sh PAIRS LOG CONTRACT
set -eu
pairs=$1
log=$2
contract=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

sed 's/ /_/' "$pairs" | sort -u >"$folder/header"
sed -nE 's/^test ([a-z_0-9]+ )?(.*::)?(sockutil_[a-z0-9_]+_E[A-Z0-9]+) \.\.\. ok$/\3/p' "$log" | sort -u >"$folder/tests"
sed -E '/^#/d; /^$/d; s/ /_/' "$contract" | sort -u >"$folder/contract"

failed=0
# report WHAT FILE: names what the file lists, if anything.
report() {
    if [ -s "$2" ]; then
        sed "s/^/contract: $1: /" "$2" >&2
        failed=1
    fi
}
[ -s "$folder/header" ] || { echo "contract: no pair was found in $pairs" >&2; exit 1; }
[ -s "$folder/contract" ] || { echo "contract: no pair was found in $contract" >&2; exit 1; }
comm -23 "$folder/header" "$folder/tests" >"$folder/untested"
comm -23 "$folder/contract" "$folder/header" >"$folder/unlisted"
comm -13 "$folder/header" "$folder/tests" >"$folder/unknown"
report 'in the header, but no test of that name passed' "$folder/untested"
report 'in the contract, but not in the header' "$folder/unlisted"
report 'a test, but not in the header' "$folder/unknown"
[ "$failed" -eq 0 ] || exit 1
echo "contract: $(wc -l <"$folder/header") pairs in the header, each tested; $(wc -l <"$folder/contract") in the contract, each in the header"
