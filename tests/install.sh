#!/bin/sh
# install.sh [FOLDER] - installs below a DESTDIR, and builds programs against that from outside the tree: with plain cc,
# with pkg-config, with CMake and as c_examples does, shared and static; one in C++; then with GNU Readline beside it; then measures
# what one function adds to a program; then uninstalls. Needs make library before, pkg-config, cmake, man,
# GNU Readline.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
CC=${CC:-cc}
CXX=${CXX:-c++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
strict='-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wconversion -pedantic -Werror'
version=$(sed -n '/^version = /{s/.*"\(.*\)".*/\1/p;q;}' "$root/Cargo.toml")
expected=$(printf 'a line\na frame\n%s' "$version")

fail() {
    echo "install: $*" >&2
    exit 1
}

# run PROGRAM: it must print what the consumer prints.
run() {
    said=$("$1") || fail "$1 ended with status $?"
    [ "$said" = "$expected" ] || fail "$1 said: $said"
}

# needs PROGRAM yes|no: whether it loads the shared library.
needs() {
    if readelf -d "$1" | grep -q 'NEEDED.*libsockutil\.so\.0'; then answer=yes; else answer=no; fi
    [ "$answer" = "$2" ] || fail "$1 loads libsockutil.so.0: $answer"
}

# As under sudo with another environment: without cargo and without a compiler.
mkdir "$work/tools"
for tool in cargo rustc "$CC" ar; do
    printf '#!/bin/sh\necho "install: %s was run by make install" >&2\nexit 1\n' "$tool" >"$work/tools/$tool"
    chmod +x "$work/tools/$tool"
done

# manual MAN3 LIBRARY: each function that the library exports with our prefix has a page of its name, which names it or
# leads to one that does; and there is no other page but the tree's.
manual() {
    functions=$(sh "$root/tests/abi/exported.sh" "$2" | sed 's/@.*//')
    [ -n "$functions" ] || fail "$2 exports nothing"
    for function in $functions; do
        page=$function.3
        [ -f "$1/$page" ] || page=$function.3sockutil
        [ -f "$1/$page" ] || fail "$function has no page"
        leads=$(sed -n '1s|^\.so man3/||p' "$1/$page")
        grep -qE "^\.Nm $function( ,)?\$" "$1/${leads:-$page}" || fail "${leads:-$page} does not name $function"
    done
    for page in "$1"/*; do
        page=$(basename "$page")
        function=${page%.3*}
        case $function in sockutil_*) suffix=3 ;; *) suffix=3sockutil ;; esac
        [ -f "$root/man/man3/$page" ] || { echo "$functions" | grep -qx "$function" && [ "$page" = "$function.$suffix" ]; } ||
            fail "$page belongs to nothing"
    done
    # As users ask.
    [ "$(MANPATH=${1%/man3} man -w readn)" = "$1/sockutil_classic.3" ] || fail "man readn"
}

# consume PREFIX LIBDIR
consume() {
    destination=$work/destination
    libdir=$destination$2
    (umask 077 && PATH=$work/tools:$PATH make -s -C "$root" install DESTDIR="$destination" PREFIX="$1" LIBDIR="$2")
    [ -z "$(find "$destination" -type f ! -perm -444)" ] || fail "a file that not everybody can read"
    for header in "$root"/include/*; do
        cmp -s "$header" "$destination$1/include/$(basename "$header")" || fail "$header is not installed"
    done
    for page in "$root"/man/man[37]/*; do
        cmp -s "$page" "$destination$1/share/man/$(basename "$(dirname "$page")")/$(basename "$page")" || fail "no $page"
    done
    manual "$destination$1/share/man/man3" "$libdir/libsockutil.so"
    [ "$(readelf -d "$libdir/libsockutil.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" = libsockutil.so.0 ] || fail soname

    mkdir "$work/consumer"
    cp "$root/tests/install/consumer.c" "$root/tests/install/consumer.cpp" "$root/tests/install/CMakeLists.txt" "$work/consumer"
    cd "$work/consumer"

    # shellcheck disable=SC2086 # several words
    $CC $strict -I"$destination$1/include" consumer.c -o plain -L"$libdir" -lsockutil
    needs plain yes
    LD_LIBRARY_PATH=$libdir run ./plain
    # shellcheck disable=SC2086
    $CC $strict -fPIE -pie -Wl,-z,text -I"$destination$1/include" consumer.c -o plain_static "$libdir/libsockutil.a"
    needs plain_static no
    readelf -h plain_static | grep -q 'Type: *DYN' || fail "with the static library a program is not position-independent"
    run ./plain_static

    PKG_CONFIG_LIBDIR=$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$destination
    export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
    # shellcheck disable=SC2046,SC2086
    $CC $strict consumer.c -o packaged $(pkg-config --cflags --libs 'sockutil >= 0.1')
    needs packaged yes
    LD_LIBRARY_PATH=$libdir run ./packaged
    # shellcheck disable=SC2046,SC2086
    $CXX ${strict#* -D_GNU_SOURCE} -std=c++17 consumer.cpp -o packaged_cpp $(pkg-config --cflags --libs sockutil)
    needs packaged_cpp yes
    LD_LIBRARY_PATH=$libdir run ./packaged_cpp
    # A completely static program. It does not use getaddrinfo, which would still need the shared libc.
    # shellcheck disable=SC2046,SC2086
    $CC $strict -static consumer.c -o packaged_static $(pkg-config --static --cflags --libs sockutil)
    run ./packaged_static
    # Programs of books, over the drop-in headers. Their folder is asked for without the DESTDIR, which not every
    # pkg-config adds to a variable.
    compat=$destination$(PKG_CONFIG_SYSROOT_DIR='' pkg-config --variable=compatdir sockutil)
    for header in "$root"/compat/*/*.h; do
        cmp -s "$header" "$compat/${header#"$root/compat/"}" || fail "no $header"
    done
    # shellcheck disable=SC2046
    $CC -Wall -Wextra -Werror -pthread "$root/tests/install/book.c" -o book -I"$compat/csapp" -I"$compat/tlpi" \
        $(pkg-config --cflags --libs sockutil)
    said=$(LD_LIBRARY_PATH=$libdir ./book) || fail "book ended with status $?"
    [ "$said" = "a line" ] || fail "book said: $said"
    for file in README.md README.zh-CN.md CHANGELOG.md LICENSE-APACHE LICENSE-MIT; do
        cmp -s "$root/$file" "$destination$1/share/doc/sockutil/$file" || fail "no $file"
    done
    cp -r "$destination$1/share/doc/sockutil/examples" .
    make -s -C examples INSTALLED=yes BIN="$work/consumer/bin" CC="$CC" \
        "$work/consumer/bin/echo_client" "$work/consumer/bin/echo_client_static"
    bin/echo_client -h >/dev/null && bin/echo_client_static -h >/dev/null
    needs bin/echo_client yes
    needs bin/echo_client_static no
    unset PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR

    CC=$CC cmake -S . -B build -DCMAKE_PREFIX_PATH="$destination$1" -DCMAKE_C_FLAGS="$strict" \
        -Dsockutil_DIR="$libdir/cmake/sockutil" >cmake.log || { cat cmake.log && fail cmake; }
    cmake --build build >>cmake.log || { cat cmake.log && fail "cmake --build"; }
    needs build/shared yes
    needs build/static no
    run build/shared
    run build/static
    for asked in 0.0.1:0 0.1.0:0 0.2:1 1.0:1; do
        sed "s/sockutil 0.1 /sockutil ${asked%:*} /" CMakeLists.txt >CMakeLists.new
        mkdir asks && mv CMakeLists.new asks/CMakeLists.txt && cp consumer.c asks
        status=0
        CC=$CC cmake -S asks -B asks/build -Dsockutil_DIR="$libdir/cmake/sockutil" >cmake.log 2>&1 || status=1
        [ $status = "${asked#*:}" ] || { cat cmake.log && fail "find_package(sockutil ${asked%:*}): $status"; }
        rm -rf asks
    done

    make -s -C "$root" uninstall DESTDIR="$destination" PREFIX="$1" LIBDIR="$2"
    left=$(cd "$destination" && find . -mindepth 1 | sort | tr '\n' ' ')
    case $1 in
    /usr/local) [ "$left" = "./usr ./usr/local ./usr/local/include ./usr/local/lib ./usr/local/share ./usr/local/share/man " ] ;;
    *) [ "$left" = "./$(echo "$1" | cut -d / -f 2) " ] ;;
    esac || fail "uninstall left $left"
    cd "$work"
    rm -rf "$destination" "$work/consumer"
    echo "install: PREFIX=$1 LIBDIR=$2: plain, pkg-config, CMake and c_examples, shared and static; C++; the drop-in headers"
}

# left LEFT FOLDER: find_package(sockutil) by a path that leads to FOLDER, of whose libraries LEFT are left.
left() {
    parts=$work/parts
    rm -rf "$parts"
    CC=$CC cmake -S "$root/tests/install/parts" -B "$parts" -DLEFT="$1" -Dsockutil_DIR="$2/cmake/sockutil" >"$work/cmake.log" \
        2>&1 || { cat "$work/cmake.log" && fail "find_package, left: $1, in $2"; }
    cmake --build "$parts" >>"$work/cmake.log" 2>&1 || { cat "$work/cmake.log" && fail "cmake --build, left: $1, in $2"; }
    case $1 in none) return ;; *shared*) shared=yes ;; *) shared=no ;; esac
    needs "$parts/plain" $shared
    run "$parts/plain"
    case $1 in *static*) needs "$parts/static" no && run "$parts/static" ;; esac
}

# CMake finds the package through links, as /lib -> usr/lib, and without one of the libraries, as distributions split or
# drop them.
cmake_package() {
    tree=$work/tree
    make -s -C "$root" install DESTDIR="$tree" PREFIX=/usr LIBDIR=/usr/lib
    ln -s usr/lib "$tree/lib"
    left 'shared;static' "$tree/lib"
    mv "$tree/usr/lib" "$tree/usr/lib64"
    ln -s lib64 "$tree/usr/lib"
    left 'shared;static' "$tree/usr/lib"
    mkdir -p "$tree/elsewhere/cmake"
    ln -s ../../usr/lib64/cmake/sockutil "$tree/elsewhere/cmake/sockutil"
    left 'shared;static' "$tree/elsewhere"
    for other in "Darwin libsockutil.$version.dylib" "OpenBSD libsockutil.so.${version%.*}"; do
        cp "$tree/usr/lib/libsockutil.so" "$tree/usr/lib/${other#* }"
        CC=$CC cmake -S "$root/tests/install/parts" -B "$work/parts" -DSYSTEM="${other% *}" -DFILE="${other#* }" \
            -Dsockutil_DIR="$tree/usr/lib/cmake/sockutil" >"$work/cmake.log" 2>&1 ||
            { cat "$work/cmake.log" && fail "find_package for $other"; }
        rm -r "$work/parts" "$tree/usr/lib/${other#* }"
    done
    mv "$tree/usr/lib64/libsockutil.a" "$work"
    left shared "$tree/usr/lib64"
    rm "$tree"/usr/lib64/libsockutil.so*
    left none "$tree/usr/lib64"
    mv "$work/libsockutil.a" "$tree/usr/lib64"
    left static "$tree/usr/lib64"
    rm -rf "$tree"
    # The libraries are not below the header's prefix.
    make -s -C "$root" install DESTDIR="$tree" PREFIX=/opt/usr LIBDIR=/opt/other/lib
    left 'shared;static' "$tree/opt/other/lib"
    rm -rf "$tree"
    echo "install: CMake finds the package through links, and without libsockutil.a or libsockutil.so"
}

# Each library shared and static, in both orders: sockutil's folder is $1.
with_gnu_readline() {
    orders=0
    for ours in -lsockutil "$1/libsockutil.a"; do
        for gnu in -lreadline -l:libreadline.a; do
            for libraries in "$ours $gnu" "$gnu $ours"; do
                # shellcheck disable=SC2086
                $CC $strict -I"$root/include" "$root/tests/install/both_readlines.c" -o "$work/both" \
                    -L"$1" $libraries -ltinfo || fail "does not link: $libraries"
                said=$(LD_LIBRARY_PATH=$1 timeout 10 "$work/both" </dev/null) || return 1
                [ "$said" = both ] || return 1
                orders=$((orders + 1))
            done
        done
    done
}

# bytes FILE: of code and data, as size(1) counts them.
bytes() {
    size "$1" | awk 'NR == 2 { print $1 + $2 + $3 }'
}

# text FILE: the bytes of its code.
text() {
    size -A "$1" | awk '$1 == ".text" { print $2 }'
}

# text_growth: the difference of the two programs that growth made.
text_growth() {
    echo $(($(text "$work/with") - $(text "$work/without")))
}

# growth LIBRARY FLAGS: what readn adds to a program.
growth() {
    # shellcheck disable=SC2086
    $CC -O2 $2 "$root/tests/install/readn_only.c" -o "$work/without"
    # shellcheck disable=SC2086
    $CC -O2 $2 -DUSE_SOCKUTIL -I"$root/include" "$root/tests/install/readn_only.c" "$1" -o "$work/with"
    echo $(($(bytes "$work/with") - $(bytes "$work/without")))
}

# hidden LIBRARY [OPTION] - a library of somebody's own around the static one: what it exports.
hidden() {
    # shellcheck disable=SC2086
    $CC $strict -fvisibility=hidden -fPIC -shared -I"$root/include" "$root/tests/install/consumer.c" -o "$work/hidden.so" "$@"
    sh "$root/tests/abi/exported.sh" "$work/hidden.so"
}

# in_a_home - below a folder where the system does not look: what make install says is enough.
in_a_home() {
    home=$work/home
    make -s -C "$root" install PREFIX="$home" >"$work/told"
    (
        eval "$(grep 'export ' "$work/told")"
        # shellcheck disable=SC2046,SC2086
        $CC $strict "$root/tests/install/consumer.c" -o "$work/at_home" $(pkg-config --cflags --libs sockutil)
        run "$work/at_home"
        [ "$(man -w sockutil_readn)" = "$home/share/man/man3/sockutil_classic.3" ]
    ) || fail "in a home folder: $(cat "$work/told")"
    make -s -C "$root" uninstall PREFIX="$home"
    [ ! -e "$home" ] || fail "uninstall left $(find "$home")"
    echo "install: in a home folder, with the settings that make install tells"
}

make -s -C "$root" library
in_a_home
archive=$root/target/lib/libsockutil.a
exported=$(hidden "$archive")
echo "$exported" | grep -qx sockutil_readn || fail "the check of --exclude-libs is blind: $exported"
exported=$(hidden "$archive" -Wl,--exclude-libs,libsockutil.a)
[ -z "$exported" ] || fail "with --exclude-libs a library still exports: $exported"
echo "install: --exclude-libs keeps the static library's names inside a shared one"
consume /usr/local /usr/local/lib
consume /opt/sockutil-test /opt/sockutil-test/lib/a-machine
cmake_package

CARGO_TARGET_DIR=$root/target/own-names make -s -C "$root" library CLASSIC_NAMES=no
own=$root/target/own-names/lib
bare=$(sh "$root/tests/abi/exported.sh" "$own/libsockutil.so" | sed '/^sockutil_/d')
[ -z "$bare" ] || fail "CLASSIC_NAMES=no exports $bare"
with_gnu_readline "$own" || fail "with GNU Readline: $libraries"
[ "$orders" = 8 ] || fail "$orders programs with GNU Readline"
echo "install: CLASSIC_NAMES=no and GNU Readline: $orders programs, each library shared and static, in both orders"
# The control: with the bare names, the first library serves both calls.
if (with_gnu_readline "$root/target/lib") 2>/dev/null; then fail "the bare names do no harm: the check is blind"; fi

stripped=$work/stripped.so
strip --strip-unneeded -o "$stripped" "$root/target/lib/libsockutil.so"
so=$(stat -c %s "$stripped")
with=$(growth "$root/target/lib/libsockutil.a" -Wl,--gc-sections)
with_code=$(text_growth)
without=$(growth "$root/target/lib/libsockutil.a" "")
without_code=$(text_growth)
own_code=$(text "$root/target/lib/libsockutil.so")
echo "install: stripped libsockutil.so $so bytes (at most 98304)"
echo "install: a program that uses readn: $with bytes more with --gc-sections (at most 2048), of which $with_code code"
echo "install: and without: $without bytes more, of which $without_code code (the library itself has $own_code)"
[ "$so" -le 98304 ] || fail "the shared library is too large"
# The READMEs' sizes, in kB, may be off by a tenth at most.
installed=$(stat -L -c %s "$root/target/lib/libsockutil.so")
for readme in README.md README.zh-CN.md; do
    # shellcheck disable=SC2046
    set -- $(grep -o '[0-9]* kB' "$root/$readme" | cut -d ' ' -f 1)
    [ $# = 2 ] || fail "$readme: it names $# sizes"
    echo "install: $readme: $1 kB as installed, $2 kB stripped; it is $installed and $so bytes"
    for pair in "$1 $installed" "$2 $so"; do
        said=$((${pair% *} * 1000)) is=${pair#* }
        [ $((said * 10)) -ge $((is * 9)) ] || fail "$readme: $said bytes, but $is"
        [ $((said * 10)) -le $((is * 11)) ] || fail "$readme: $said bytes, but $is"
    done
done
[ "$with_code" -gt 500 ] || fail "readn is not in the program"
[ "$with" -le 2048 ] || fail "one function adds too much"
# Before the library's code a program has its own, which the linker pads to 16 bytes.
[ "$without_code" -lt $((own_code + 16)) ] || fail "the static library adds more than its own code"
