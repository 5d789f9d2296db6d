#!/bin/sh
# Counts the instructions of an operation with callgrind, and compares them with the table tests/instructions.tsv: 5 %
# more or less is a failure, so that no gain is lost unnoticed. `instructions.sh write` writes the table again.
# usage: instructions.sh check|write LIBRARIES
set -eu
cd "$(dirname "$0")/.."
mode=$1
libraries=$(cd "$2" && pwd)
folder=target/instructions
table=tests/instructions.tsv
rm -rf "$folder"
mkdir -p "$folder"

"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wconversion -pedantic -Werror -Iinclude -Itests/c \
    tests/c/instructions.c -o "$folder/program" -L"$libraries" -Wl,-rpath,"$libraries" -lsockutil

# A file for each call of measured(), and one for the end. LD_BIND_NOW: symbol lookup must not be counted.
if ! LD_BIND_NOW=1 valgrind --tool=callgrind --callgrind-out-file="$folder/out" --toggle-collect=measured \
    --dump-after=measured "$folder/program" >"$folder/operations" 2>"$folder/said"; then
    cat "$folder/said" >&2
    exit 1
fi

# For each operation: its name, and its instructions each time. It is called twice, and the second call counts.
number=0
while IFS='	' read -r name count; do
    number=$((number + 2))
    total=$(sed -n 's/^\(summary\|totals\): *\([0-9][0-9]*\)$/\2/p' "$folder/out.$number" | head -n 1)
    awk -v name="$name" -v total="$total" -v count="$count" 'BEGIN {
        if (total < count) { print "instructions: nothing was counted of " name >"/dev/stderr"; exit 1 }
        printf "%s\t%.1f\n", name, total / count
    }' >>"$folder/figures"
done <"$folder/operations"
if [ "$number" -eq 0 ] || [ -f "$folder/out.$((number + 2))" ]; then
    echo "instructions: callgrind did not write a file for each call" >&2
    exit 1
fi

# compare: prints each figure and the one expected by the rows on standard input; fails if they differ.
compare() {
    awk -F '\t' -v figures="$folder/figures" '
        { expected[$1] = $2; rows++ }
        END {
            while ((getline line <figures) > 0) {
                split(line, part, "\t")
                counted++
                if (!(part[1] in expected)) {
                    print part[1] ": " part[2] ", and the table does not have it"
                    bad++
                    continue
                }
                difference = (part[2] / expected[part[1]] - 1) * 100
                wrong = difference > 5 || difference < -5
                printf "%-24s %8.1f, expected %8.1f: %+.1f %%%s\n", part[1], part[2], expected[part[1]], difference,
                    wrong ? " FAIL" : ""
                bad += wrong
            }
            if (counted != rows) { print "the table has " rows + 0 " figures, and " counted + 0 " were counted"; differ = 1 }
            print counted - bad " of " counted " as expected"
            exit bad > 0 || differ
        }'
}

case $mode in
write)
    cp "$folder/figures" "$table"
    compare <"$table"
    ;;
check)
    compare <"$table"
    # The control: with rows 6 % off, each operation must fail.
    for factor in 1.06 0.94; do
        awk -F '\t' -v factor=$factor -v OFS='\t' '{ $2 *= factor; print }' "$folder/figures" >"$folder/rows"
        if compare <"$folder/rows" >"$folder/control" || ! grep -q '^0 of ' "$folder/control"; then
            cat "$folder/control" >&2
            echo "instructions: figures that are wrong by 6 % were not refused" >&2
            exit 1
        fi
    done
    ;;
*)
    echo "usage: instructions.sh check|write LIBRARIES" >&2
    exit 2
    ;;
esac
