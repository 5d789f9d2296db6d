#!/bin/sh
# mutants.sh OUTPUT [OPTION...] - changes the library in one place at a time with cargo-mutants, and fails if no test
# notices a change. The options choose among the changes: -f src/reader.rs, --shard 0/8. JOBS: how many at once.
#
# Three rounds. The first runs the quick tests that know the file, and stops at the first failure. It is done in groups:
# RESUME=yes goes on behind the last group that was done. The second round runs those of connecting, of relays and of
# other kinds of descriptors; changes that both miss go to all other tests, including those of the shipped libraries and of
# faults. OUTPUT keeps the output of cargo-mutants.
set -eu
output=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
cargo=${CARGO:-cargo}
host=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
[ -n "${RESUME:-}" ] || rm -rf "$output"
mkdir -p "$output/quick" "$output/other" "$output/rest"

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

# lines NAME LIST... - the changes that are in these lists of a round; of the first round, those of all its groups.
lines() {
    folder=$output/$1
    shift
    for list; do
        find "$folder" -path "*/mutants.out/$list.txt" -exec cat {} +
    done
}

# group NAME TESTS OPTION... - a group of the first round.
group() {
    name=quick/$1
    tests=$2
    shift 2
    [ ! -e "$output/$name/done" ] || return 0
    rm -rf "${output:?}/$name"
    mkdir -p "$output/$name"
    for test in $tests; do set -- "$@" "-C--test=$test"; done
    # Longer than all the tests of the chosen group take.
    round "$name" --timeout 120 "$@"
    : >"$output/$name/done"
}

# again NAME OPTION... - a round of the survivors alone. Sorts them into NAME-caught, NAME-timeout and the new survivors.
again() {
    name=$1
    shift
    for list in caught timeout unviable missed; do : >"$output/$name-$list"; done
    [ -s "$output/survivors" ] || return 0
    # Names as regular expressions.
    sed -e 's/[][\\.*^()+?{}|$]/\\&/g' -e 's/.*/^&$/' "$output/survivors" >"$output/patterns"
    while IFS= read -r pattern; do set -- "$@" --re "$pattern"; done <"$output/patterns"
    round "$name" "$@"
    # (cargo-mutants 27.1.0 adds some mutants that match no --re.)
    for list in caught timeout unviable missed; do
        lines "$name" "$list" | grep -Fx -f "$output/survivors" >"$output/$name-$list" || :
    done
    cat "$output/$name-caught" "$output/$name-timeout" "$output/$name-unviable" "$output/$name-missed" >"$output/done"
    if grep -Fxv -f "$output/done" "$output/survivors" >"$output/not-done"; then
        echo "mutants.sh: the round has left these out:" >&2
        cat "$output/not-done" >&2
        exit 1
    fi
    cp "$output/$name-missed" "$output/survivors"
}

export "CARGO_TARGET_${host}_RUNNER=sh $here/first_failure.sh"
if [ $# -gt 0 ]; then
    group chosen 'exports process relay connecting' "$@"
else
    group relay relay -f src/relay.rs
    group connecting 'connecting exports' -f src/connect.rs -f src/race.rs
    for shard in 0 1 2 3 4 5 6 7; do
        group "shard-$shard" 'exports process' -e src/relay.rs -e src/connect.rs -e src/race.rs --shard "$shard/8"
    done
fi
[ "$(lines quick caught timeout unviable missed | wc -l)" -gt 0 ] || {
    echo "mutants.sh: there is no such mutant: $*" >&2
    exit 1
}
lines quick missed >"$output/survivors"
again other --timeout 120 -C--test=connecting -C--test=kinds -C--test=relay
unset "CARGO_TARGET_${host}_RUNNER"
# The first test also builds the shipped libraries, within its time.
again rest --timeout 600 -C--test=answers -C--test=endpoints -C--test=exports -C--test=faults -C--test=properties \
    -C--test=syscalls

{
    lines quick caught unviable timeout missed | sed 's/:.*/ all/'
    lines quick caught | sed 's/:.*/ quick/'
    cat "$output/other-caught" "$output/rest-caught" | sed 's/:.*/ rest/'
    { lines quick timeout && cat "$output/other-timeout" "$output/rest-timeout"; } | sed 's/:.*/ endless/'
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
