#!/bin/sh
# apkbuild.sh FOLDER - builds FOLDER/APKBUILD, beside which the tarball lies, as Alpine's abuild does; the package and its
# subpackages come into FOLDER/pkg. How abuild splits a package is said here in our words, only for what we have.
set -eu
startdir=$(cd "$1" && pwd)
srcdir=$startdir/src
cd "$startdir"
# shellcheck disable=SC1091
. ./APKBUILD
# shellcheck disable=SC2154 # set by APKBUILD
builddir=$srcdir/$pkgname-$pkgver
pkgdir=$startdir/pkg/$pkgname

# move PATH...: from the package into the subpackage.
move() {
    for path in "$@"; do
        mkdir -p "$subpkgdir/$(dirname "$path")"
        mv "$pkgdir/$path" "$subpkgdir/$path"
    done
}

# shellcheck disable=SC2046 # no path has a space
split() {
    cd "$pkgdir"
    case $1 in
        *-static) move $(find usr/lib -name '*.a') ;;
        *-dev) move usr/include $(find usr/lib -maxdepth 1 -type l -name '*.so') usr/lib/pkgconfig usr/lib/cmake \
            $(find usr/share -name '*.[cho]' 2>/dev/null) ;;
        *-doc) for part in doc man licenses; do [ ! -d usr/share/$part ] || move usr/share/$part; done ;;
        *) echo "apkbuild.sh: what belongs to $1?" >&2 && exit 1 ;;
    esac
}

# shellcheck disable=SC2154 # set by APKBUILD
echo "$sha512sums" | sed '/^$/d' | sha512sum --quiet -c
mkdir -p "$srcdir" "$pkgdir"
# shellcheck disable=SC2154
tar -xzf "${source%%::*}" -C "$srcdir"
for step in build check package; do
    (cd "$builddir" && $step)
done
# shellcheck disable=SC2154
for name in $subpackages; do
    subpkgdir=$startdir/pkg/$name
    mkdir -p "$subpkgdir"
    (split "$name")
done
