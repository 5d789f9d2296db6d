#!/bin/sh
# run.sh SECONDS [TARGET...] - fuzzes each target, or all, for so long, one after the other, from the committed corpora,
# and ends with a table. It fails if one has found something. What is new to the corpora stays in fuzz/target/corpus.
# run.sh corpus [TARGET...] - makes the committed corpora anew: the fewest inputs, old or new, that reach all there is.
#
# Sanitizers and coverage are compiler switches of nightly Rust; RUSTC_BOOTSTRAP makes a stable one accept them.
set -eu
cd "$(dirname "$0")"
what=$1
shift
if [ $# -eq 0 ]; then set -- reader line frames addr text; fi
: "${CARGO:=cargo}"
"$CARGO" fuzz --version >/dev/null 2>&1 || {
    echo "sockutil: cargo-fuzz is missing: cargo install cargo-fuzz --version 0.13.2 --locked" >&2
    exit 1
}
host=$("$CARGO" -vV | sed -n 's/^host: //p')
programs=target/$host/release
mkdir -p target/logs artifacts
export RUSTC_BOOTSTRAP=1
"$CARGO" fetch --locked --quiet
# One target or all: each by itself would take longer.
one=
[ $# -gt 1 ] || one=$1
(cd .. && "$CARGO" fuzz build --sanitizer address --target "$host" --target-dir fuzz/target ${one:+"$one"})

# Prints what a fuzzer's log says of a number: exec/s, corp and so on, when it was written last.
last() {
    sed -n "s|^#.*$2: \\([0-9]*\\).*|\\1|p" "$1" | tail -n 1
}

# Unpacks a target's committed corpus, in place of what an earlier run unpacked; a new target has none yet.
unpack() {
    rm -rf "target/committed/$1"
    mkdir -p "target/committed/$1" "target/corpus/$1"
    [ ! -f "corpus/$1.tar.gz" ] || tar -xzf "corpus/$1.tar.gz" -C "target/committed/$1"
}

# Packs a folder's inputs as a target's committed corpus: the same inputs give the same bytes. (Their names are
# hexadecimal, which every locale sorts alike.)
pack() {
    mkdir -p corpus
    packed=$PWD/target/$1.tar
    (cd "$2" && tar --format=ustar --owner=0 --group=0 --numeric-owner --mode=644 --mtime=@0 -cf "$packed" -- *)
    gzip -9n <"$packed" >"corpus/$1.tar.gz"
    rm "$packed"
}

if [ "$what" = corpus ]; then
    for target; do
        unpack "$target"
        rm -rf target/merged
        mkdir -p target/merged
        # Short ones: to be looked at, and to be run in seconds.
        "$programs/$target" -set_cover_merge=1 -max_len=512 -timeout=20 -detect_leaks=0 \
            target/merged "target/committed/$target" "target/corpus/$target" >"target/logs/$target-merge.log" 2>&1
        pack "$target" target/merged
        echo "$target: $(find target/merged -type f | wc -l) inputs, $(cat target/merged/* | wc -c) bytes," \
            "$(wc -c <"corpus/$target.tar.gz") packed"
    done
    exit
fi

table=target/logs/table.$$
fuzzer=
trap 'rm -f "$table"' EXIT
# A fuzzer in the background would go on without us.
trap '[ -z "$fuzzer" ] || kill "$fuzzer" 2>/dev/null; exit 130' INT TERM
printf '%-8s %8s %12s %8s %8s  %s\n' target seconds executions exec/s corpus findings >"$table"
found=0
for target; do
    log=target/logs/$target.log
    unpack "$target"
    before=$(date +%s)
    "$programs/$target" -max_total_time="$what" -timeout=20 -detect_leaks=0 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="artifacts/$target-" "target/corpus/$target" "target/committed/$target" >"$log" 2>&1 &
    fuzzer=$!
    shown=$before
    while kill -0 "$fuzzer" 2>/dev/null; do
        sleep 1
        now=$(date +%s)
        if [ $((now - shown)) -ge 10 ]; then
            shown=$now
            echo "$target: $((now - before)) of $what s, $(last "$log" exec/s) executions a second," \
                "corpus of $(last "$log" corp)"
        fi
    done
    findings=none
    wait "$fuzzer" || {
        found=1
        findings=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
        tail -n 60 "$log" >&2
        echo "$target has found something: fuzz/$programs/$target fuzz/${findings:-?} shows it again" >&2
    }
    printf '%-8s %8s %12s %8s %8s  %s\n' "$target" "$(($(date +%s) - before))" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
        "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" "$(last "$log" corp)" "${findings:-see $log}" |
        tee -a "$table" | sed 's/  */ /g'
done
echo
cat "$table"
exit "$found"
