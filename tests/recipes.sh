#!/bin/sh
# recipes.sh TARBALL - fills the recipes of packaging/ in for a release tarball, and runs each without a network: Arch's by
# makepkg; for the tools of Alpine, Nix, Homebrew and vcpkg tests/recipes stands in. What comes out must be the files that
# make install gives, and a program must build with them. RECIPES: folders of packaging/ (all).
set -eu
script=recipes
# shellcheck source=tests/package.sh
. "$(dirname "$0")/package.sh"
take "$1"
cd "$(dirname "$0")/.."
root=$PWD
CC=${CC:-cc}
# Where there is no DESTDIR, make install would write this machine's cache of libraries.
mkdir "$work/bin"
printf '#!/bin/sh\n' >"$work/bin/ldconfig"
chmod +x "$work/bin/ldconfig"
PATH=$work/bin:$PATH
export PATH

# files FOLDER: its files and links, with where these lead.
files() {
    [ -d "$1" ] || fail "$1 was not made"
    (cd "$1" && find . ! -type d -printf '%P %l\n' | sort)
}

# same [FILE...]: the list $work/found is of the files that make install gives below its prefix, and these more.
same() {
    {
        files "$work/expected/usr"
        [ $# = 0 ] || printf '%s \n' "$@"
    } | sort >"$work/wanted"
    diff -u "$work/wanted" "$work/found" >"$work/said" || fail "$recipe: the files are not those of make install"
}

# consume ROOT PREFIX LEFT: by pkg-config and by CMake, a program builds and runs with what lies in ROOT/PREFIX. LEFT: as
# in tests/install/parts.
consume() {
    expected=$(printf 'a line\na frame\n%s' "$version")
    rm -rf "$work/consumer"
    mkdir -p "$work/consumer/parts"
    cp tests/install/consumer.c "$work/consumer"
    cp tests/install/parts/CMakeLists.txt "$work/consumer/parts"
    flags=$(PKG_CONFIG_LIBDIR=$1$2/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$1 PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 \
        PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 pkg-config --cflags --libs sockutil)
    # shellcheck disable=SC2086 # several words
    quiet "$CC" tests/install/consumer.c -o "$work/consumer/packaged" $flags
    quiet cmake -S "$work/consumer/parts" -B "$work/consumer/build" -DLEFT="$3" -DCMAKE_PREFIX_PATH="$1$2"
    quiet cmake --build "$work/consumer/build"
    for program in packaged build/plain; do
        [ "$(LD_LIBRARY_PATH=$1$2/lib "$work/consumer/$program")" = "$expected" ] || fail "$recipe: $program failed"
    done
}

done_with() {
    echo "recipes: $recipe${offline:+, in a network of its own}: $*"
    rm -rf "${work:?}/$folder"
}

filled=$work/filled
sh packaging/recipes.sh "$tarball" "$filled" file://"$work" file://"$tarball"
left=$(grep -rnE '@[A-Z0-9_]+@' "$filled") && fail "not filled in: $left"

# What make install gives.
tar -xzf "$tarball" -C "$work"
quiet make -C "$work/$name"
quiet make -C "$work/$name" install DESTDIR="$work/expected" PREFIX=/usr
rm -rf "${work:?}/$name"

# subpackage NAME PATTERN: all its files match.
subpackage() {
    [ -s "$work/$1" ] || fail "$1 is empty"
    other=$(grep -vE "^($2) " "$work/$1") && fail "$1 has $other"
    :
}

alpine() {
    recipe=APKBUILD
    sh -n "$filled/alpine/APKBUILD"
    shellcheck -s sh -e SC2034,SC2154 "$filled/alpine/APKBUILD"
    mkdir "$work/alpine"
    cp "$filled/alpine/APKBUILD" "$tarball" "$work/alpine"
    quiet sh tests/recipes/apkbuild.sh "$work/alpine"
    for package in sockutil sockutil-static sockutil-dev sockutil-doc; do
        files "$work/alpine/pkg/$package/usr" >"$work/$package"
    done
    sort "$work/sockutil" "$work/sockutil-static" "$work/sockutil-dev" "$work/sockutil-doc" >"$work/found"
    same
    subpackage sockutil 'lib/libsockutil\.so\.[0-9.]+'
    subpackage sockutil-static 'lib/libsockutil\.a'
    subpackage sockutil-dev 'include/.*|lib/libsockutil\.so|lib/(pkgconfig|cmake)/.*'
    subpackage sockutil-doc 'share/.*'
    done_with 'build, check, package; the four packages together are what make install gives'
}

arch() {
    recipe=PKGBUILD
    shellcheck -s bash -e SC2034,SC2154,SC2164 "$filled/arch/PKGBUILD"
    mkdir "$work/arch" "$work/arch/package"
    cp "$filled/arch/PKGBUILD" "$tarball" "$work/arch"
    # Arch's makepkg drops static libraries, unless the recipe wants them; Debian's keeps them.
    sed 's/ staticlibs/ !staticlibs/' /etc/makepkg.conf >"$work/arch/makepkg.conf"
    cd "$work/arch"
    # It does not run as root, and asks pacman only for the tools.
    set -- makepkg --config makepkg.conf --nodeps
    [ "$(id -u)" != 0 ] || set -- unshare -U --map-user=1000 --map-group=1000 "$@"
    quiet env PACMAN=true PKGEXT=.pkg.tar "$@"
    tar -xf sockutil-*.pkg.tar -C package
    cd "$root"
    # It compresses the manual.
    files "$work/arch/package/usr" | sed 's|^\(share/man/.*\)\.gz |\1 |' | sort >"$work/found"
    same share/licenses/sockutil/LICENSE-MIT share/licenses/sockutil/LICENSE-APACHE
    consume "$work/arch/package" /usr 'shared;static'
    done_with 'built, checked and packed by makepkg'
}

nix() {
    recipe=default.nix
    nix-instantiate --parse "$filled/nix/default.nix" >/dev/null 2>"$work/said" || fail "nix-instantiate --parse"
    nix-instantiate --eval --strict --json --store dummy:// tests/recipes/nixpkgs.nix --arg recipe "$filled/nix/default.nix" \
        >"$work/script.json" 2>"$work/said" || fail "nix-instantiate --eval"
    python3 -c 'import json, sys; print(json.load(sys.stdin))' <"$work/script.json" >"$work/script"
    mkdir "$work/nix" "$work/nix/build"
    cd "$work/nix/build"
    quiet env out="$work/nix/out" TMPDIR="$work/nix" sh -eu "$work/script"
    cd "$root"
    files "$work/nix/out" >"$work/found"
    same
    consume '' "$work/nix/out" 'shared;static'
    done_with 'parsed, evaluated over a stub of nixpkgs, its phases run'
}

homebrew() {
    recipe=sockutil.rb
    ruby -wc "$filled/homebrew/sockutil.rb" >"$work/said" 2>&1 || fail "ruby -c"
    ! grep -v '^Syntax OK$' "$work/said" || fail "ruby warns"
    quiet ruby tests/recipes/formula.rb "$filled/homebrew/sockutil.rb" "$tarball" "$work/homebrew"
    files "$work/homebrew/prefix" >"$work/found"
    same
    done_with 'install and test over a stub of Formula'
}

vcpkg() {
    recipe=portfile.cmake
    python3 tests/recipes/vcpkg_json.py "$filled/vcpkg/vcpkg.json" >"$work/said" 2>&1 || fail vcpkg.json
    for linkage in static dynamic; do
        mkdir "$work/vcpkg"
        quiet cmake -DPORTS="$filled/vcpkg" -DFOLDER="$work/vcpkg" -DTARBALL="$tarball" -DLINKAGE=$linkage \
            -P tests/recipes/vcpkg.cmake
        case $linkage in static) kind=static other='libsockutil\.so' ;; *) kind=shared other='libsockutil\.a' ;; esac
        files "$work/vcpkg/packages" >"$work/found"
        mv "$work/expected" "$work/whole"
        cp -a "$work/whole" "$work/expected"
        find "$work/expected" -regex ".*/$other.*" -delete
        # vcpkg moves the package.
        if grep -rl "$work" "$work/vcpkg/packages" >"$work/said"; then fail "$recipe: a path of the build"; fi
        : >"$work/said"
        same share/sockutil/copyright share/sockutil/usage
        rm -r "$work/expected"
        mv "$work/whole" "$work/expected"
        consume '' "$work/vcpkg/packages" $kind
        # As `vcpkg install` says it to the user.
        target=$(sed -n 's/.*PRIVATE \(.*\))/\1/p' "$work/vcpkg/packages/share/sockutil/usage")
        grep -q "^target_link_libraries(plain PRIVATE $target)" tests/install/parts/CMakeLists.txt || fail "usage: $target"
        done_with "$linkage, run over stubs of vcpkg's functions"
    done
}

for folder in ${RECIPES:-alpine arch nix homebrew vcpkg}; do
    $folder
done
