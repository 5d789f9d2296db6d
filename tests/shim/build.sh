#!/bin/sh
# build.sh FILE - compiles the shim, to be preloaded. CC: the compiler. (tests/support/shim.rs does the same for tests.)
set -eu
shim=$(dirname "$0")
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -pthread -O1 -U_FORTIFY_SOURCE -shared -fPIC "$shim/shim.c" "$shim/rules.c" \
    "$shim/kernels.c" -o "$1" -Wl,--no-as-needed -ldl
