#!/bin/sh
# mutants.sh OUTPUT [OPTION...] - changes the library in one place at a time with cargo-mutants, and fails if no test
# notices a change. The options choose among the changes: -f src/reader.rs, --shard 0/8. JOBS: how many at once.
#
# Two rounds: the first runs quick tests and stops at the first failure; changes that it misses go to the other tests,
# including those of the shipped libraries. OUTPUT keeps the output of cargo-mutants of both.
set -eu
output=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
cargo=${CARGO:-cargo}
host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
rm -rf "$output"
mkdir -p "$output/quick" "$output/rest"

# Each left-out change must exist: a stale line of the configuration could match something else later.
"$cargo" mutants --no-config --list --colors never >"$output/all"
sed -n "s/^    '\(.*\)',\$/\1/p" .cargo/mutants.toml >"$output/left-out"
while IFS= read -r pattern; do
    grep -Eq -e "$pattern" "$output/all" || {
        echo "mutants.sh: .cargo/mutants.toml leaves out what does not exist: $pattern" >&2
        exit 1
    }
done <"$output/left-out"
[ -s "$output/left-out" ] || {
    echo "mutants.sh: .cargo/mutants.toml has no list of one line each" >&2
    exit 1
}

# round NAME OPTION...: 2 is "one was missed", 3 "one did not end"; both count only in the last round.
round() {
    name=$1
    shift
    status=0
    "$cargo" mutants --jobs "${JOBS:-1}" --output "$output/$name" --colors never "$@" || status=$?
    case $status in
    0 | 2 | 3) ;;
    *)
        echo "mutants.sh: cargo-mutants ended with $status" >&2
        exit 1
        ;;
    esac
}

# lines NAME LIST...
lines() {
    folder=$output/$1/mutants.out
    shift
    for list; do cat "$folder/$list.txt"; done
}

export "CARGO_TARGET_${host}_RUNNER=sh $here/first_failure.sh"
round quick --timeout 120 -C--test=exports -C--test=process "$@"
unset "CARGO_TARGET_${host}_RUNNER"
[ "$(lines quick caught timeout unviable missed | wc -l)" -gt 0 ] || {
    echo "mutants.sh: there is no such mutant: $*" >&2
    exit 1
}
lines quick missed >"$output/survivors"

if [ -s "$output/survivors" ]; then
    # Names as regular expressions.
    sed -e 's/[][\\.*^()+?{}|$]/\\&/g' -e 's/.*/^&$/' "$output/survivors" >"$output/patterns"
    set --
    while IFS= read -r pattern; do set -- "$@" --re "$pattern"; done <"$output/patterns"
    # The first test also builds the shipped libraries, within its time.
    round rest --timeout 600 -C--test=answers -C--test=connecting -C--test=endpoints -C--test=exports -C--test=faults \
        -C--test=kinds -C--test=properties -C--test=syscalls "$@"
    # (cargo-mutants 27.1.0 adds some mutants that match no --re.)
    lines rest caught timeout unviable missed >"$output/done"
    if grep -Fxv -f "$output/done" "$output/survivors" >"$output/not-done"; then
        echo "mutants.sh: the second round has left these out:" >&2
        cat "$output/not-done" >&2
        exit 1
    fi
    for list in caught timeout unviable missed; do
        lines rest "$list" | grep -Fx -f "$output/survivors" >"$output/rest-$list" || :
    done
    cp "$output/rest-missed" "$output/survivors"
else
    for list in caught timeout; do : >"$output/rest-$list"; done
fi

{
    lines quick caught unviable timeout missed | sed 's/:.*/ all/'
    lines quick caught | sed 's/:.*/ quick/'
    sed 's/:.*/ rest/' "$output/rest-caught"
    { lines quick timeout && cat "$output/rest-timeout"; } | sed 's/:.*/ endless/'
    lines quick unviable | sed 's/:.*/ unviable/'
    sed 's/:.*/ missed/' "$output/survivors"
} | awk '
    { count[$1, $2]++; count["all", $2]++; if (!($1 in seen)) { seen[$1]; files[++n] = $1 } }
    function row(f) {
        print "| " f " | " count[f, "all"] + 0 " | " count[f, "quick"] + 0 " | " count[f, "rest"] + 0 " | " \
            count[f, "endless"] + 0 " | " count[f, "unviable"] + 0 " | " count[f, "missed"] + 0 " |"
    }
    END {
        print "| file | mutants | caught at once | caught later | did not end | do not compile | survived |"
        print "|---|---:|---:|---:|---:|---:|---:|"
        for (i = 1; i <= n; i++) row(files[i])
        row("all")
    }' | tee "$output/table"
[ ! -s "$output/survivors" ] || {
    echo "mutants.sh: no test notices these:" >&2
    cat "$output/survivors" >&2
    exit 1
}
