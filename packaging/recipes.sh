#!/bin/sh
# recipes.sh TARBALL FOLDER HOMEPAGE SOURCE - writes the recipes of other package systems into FOLDER, from the templates
# (*.in) beside this script: with the release's version and checksums, the project's address HOMEPAGE, and SOURCE, the
# address that the tarball is fetched from.
set -eu
tarball=$1
folder=$2
version=$(basename "$tarball" .tar.gz)
version=${version#sockutil-}
for given in "$3" "$4"; do
    [ -n "$given" ] || { echo 'recipes.sh: make recipes HOMEPAGE=... SOURCE=...' >&2; exit 1; }
done

# quoted TEXT: as the right side of sed's s|||.
quoted() {
    printf '%s\n' "$1" | sed 's/[\\&|]/\\&/g'
}

# fill NAME: the template packaging/NAME.in becomes FOLDER/NAME.
fill() {
    mkdir -p "$folder/$(dirname "$1")"
    sed -e "s|@VERSION@|$version|g" -e "s|@HOMEPAGE@|$homepage|g" -e "s|@SOURCE@|$source|g" \
        -e "s|@SHA256@|$sha256|g" -e "s|@SHA512@|$sha512|g" "$(dirname "$0")/$1.in" >"$folder/$1"
}

homepage=$(quoted "$3")
source=$(quoted "$4")
sha256=$(sha256sum "$tarball" | cut -d ' ' -f 1)
sha512=$(sha512sum "$tarball" | cut -d ' ' -f 1)
for name in alpine/APKBUILD arch/PKGBUILD homebrew/sockutil.rb nix/default.nix vcpkg/portfile.cmake vcpkg/vcpkg.json; do
    fill $name
done
cp "$(dirname "$0")/vcpkg/usage" "$folder/vcpkg/usage"
