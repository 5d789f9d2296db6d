#!/bin/sh
# header.sh - sockutil.h in every standard of C and C++ from C89 and C++11 on, with gcc and clang, each warning an error:
# tests/c/header.c calls every function. Then sockutil.hpp in every standard of C++ from C++17 on, with exceptions and
# without. Then the classic names: a copy of one must be an error. Then tests/c/misuse: each must fail with the warning that
# it names. Needs make library before, gcc, g++ and clang.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strict='-Wall -Wextra -Wconversion -pedantic -Werror'
programs=0

fail() {
    echo "header: $*" >&2
    exit 1
}

# serves COMPILER LANGUAGE STANDARD
serves() {
    # shellcheck disable=SC2086 # several words
    "$1" -x "$2" "-std=$3" $strict -I"$root/include" "$root/tests/c/header.c" -x none -o "$work/header" \
        "$root/target/lib/libsockutil.a" || fail "$1 -std=$3"
    "$work/header" || fail "$1 -std=$3: header.c ended with $?"
    programs=$((programs + 1))
}

for standard in c99 gnu99 c11 gnu11 c17 c2x gnu2x; do
    serves gcc c $standard
    serves clang c $standard
done
for standard in c++11 c++14 c++17 c++20 c++2b gnu++2b; do
    serves g++ c++ $standard
    serves clang++ c++ $standard
done

# serves_cpp COMPILER STANDARD PROGRAM FLAG...: a program of tests/cpp, whose functions are all that sockutil.hpp has.
cpp_programs=0
serves_cpp() {
    # shellcheck disable=SC2086 # several words
    "$1" "-std=$2" $strict "$4" "$5" -pthread -I"$root/include" "$root/tests/cpp/$3.cpp" -o "$work/cpp" \
        "$root/target/lib/libsockutil.a" || fail "$1 -std=$2 $4 $5: $3.cpp"
    "$work/cpp" || fail "$1 -std=$2 $4 $5: $3.cpp ended with $?"
    cpp_programs=$((cpp_programs + 1))
}

for standard in c++17 gnu++17 c++20 c++2b; do
    for compiler in g++ clang++; do
        serves_cpp $compiler $standard throws -O0 -fexceptions
        serves_cpp $compiler $standard codes -O0 -fno-exceptions
    done
done
# Some warnings come only when the compiler optimizes.
for compiler in g++ clang++; do
    serves_cpp $compiler c++20 codes -O2 -fexceptions
done
# An older standard is refused with these words.
if g++ -std=c++14 -I"$root/include" -fsyntax-only "$root/tests/cpp/codes.cpp" 2>"$work/said"; then
    fail "sockutil.hpp takes C++14"
fi
grep -q 'sockutil.hpp needs C++17' "$work/said" || fail "C++14 is refused for another reason"

# classic COMPILER LANGUAGE STANDARD: tests/c/classic_names.c compiles, and with a copy of one of the four it does not.
copies=0
classic() {
    # shellcheck disable=SC2086 # several words
    set -- "$1" -x "$2" "-std=$3" $strict -D_GNU_SOURCE -I"$root/include" -c "$root/tests/c/classic_names.c" \
        -o "$work/classic.o"
    "$@" || fail "$*"
    for name in readn writen recv_peek readline; do
        bytes=void
        [ $name != writen ] || bytes='const void'
        if "$@" -DCOPY=$name "-DBYTES=$bytes" 2>"$work/said"; then
            fail "a copy of $name is no error: $*"
        fi
        grep -q "redefinition of .*$name" "$work/said" || {
            cat "$work/said" >&2
            fail "$*: a copy of $name is refused for another reason"
        }
        copies=$((copies + 1))
    done
}

for standard in c89 gnu89 c99 c17 gnu2x; do
    classic gcc c $standard
    classic clang c $standard
done
for standard in c++11 c++20; do
    classic g++ c++ $standard
    classic clang++ c++ $standard
done

# misused COMPILER FILE: it must fail with the warning in its first line, if the compiler has that warning, and compile
# without its misuse.
refused=0
misused() {
    warning=$(sed -n '1s/.*-W\([a-z-]*\).*/\1/p' "$2")
    # shellcheck disable=SC2086
    "$1" -O2 -std=c11 $strict -I"$root/include" -c "$2" -o "$work/misuse.o" || fail "$1: $2 is not even right without"
    case $1-$(sed -n '1p' "$2") in
    clang-*'(gcc)'*) return ;;
    esac
    # shellcheck disable=SC2086
    if "$1" -O2 -std=c11 $strict -DMISUSE -I"$root/include" -c "$2" -o "$work/misuse.o" 2>"$work/said"; then
        fail "$1 says nothing about $2"
    fi
    grep -qE "\[-Werror[=,]-?W?$warning|-Werror,-W$warning|Werror=$warning" "$work/said" || {
        cat "$work/said" >&2
        fail "$1 refused $2 for something else than -W$warning"
    }
    refused=$((refused + 1))
}

for file in "$root"/tests/c/misuse/*.c; do
    misused gcc "$file"
    misused clang "$file"
done
[ $refused -ge 7 ] || fail "only $refused misuses were refused"
echo "header: $programs programs, $cpp_programs of sockutil.hpp; $copies copies of classic names and $refused misuses refused"
