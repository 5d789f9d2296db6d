#!/bin/sh
# Proves at link time that the library cannot panic: under a switch its panic handler calls an undefined function, so
# that the shared library links only if the handler is unreachable. The control, a library with a planted panic, must
# fail to link, for that function and nothing else.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
folder=target/no-panic
log=$folder/control.log
missing=sockutil_a_panic_path_is_left
mkdir -p "$folder"

link() {
    "$CARGO" rustc --release --locked --package sockutil-capi --crate-type cdylib --target-dir "$folder" -- \
        --cfg sockutil_prove_no_panic -C link-arg=-Wl,-z,defs "$@"
}

if link --cfg sockutil_plant_panic >"$log" 2>&1; then
    echo "no-panic: the control linked: the proof cannot fail, so it proves nothing" >&2
    exit 1
fi
if ! grep -q "undefined.*$missing" "$log"; then
    cat "$log" >&2
    echo "no-panic: the control failed for another reason than $missing" >&2
    exit 1
fi
echo "no-panic: a planted panic was refused by the linker"
link
echo "no-panic: the library links without a panic path"
