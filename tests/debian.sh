# shellcheck shell=sh
# debian.sh - for scripts that include it (tests/cross.sh, tests/zig.sh): Debian's packages, unpacked and not
# installed. They set before: script, its name; cross, a folder for everything; tools, the folder to unpack into;
# sources, each as label/suite of Debian's archives; machines, those whose packages are wanted beside amd64's.

# shellcheck disable=SC2154
fail() {
    echo "$script: $*" >&2
    exit 1
}
# need COMMAND PACKAGE
need() {
    command -v "$1" >/dev/null 2>&1 || fail "$1 is missing: install the $2 package"
}

# apt with separate lists: this machine's lists are neither used nor changed.
private_apt() {
    # shellcheck disable=SC2046,SC2086
    apt-get -qq -o Dir::State="$cross/apt" -o Dir::Cache="$cross/apt" -o Acquire::Languages=none \
        -o Dir::Etc::sourcelist="$cross/apt/sources.list" -o Dir::Etc::sourceparts=- \
        -o APT::Sandbox::User=root -o APT::Architecture=amd64 \
        $(printf -- '-o APT::Architectures::=%s ' $machines) "$@"
}

fetch_lists() {
    need apt-get apt
    need dpkg-deb dpkg
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    rm -rf "$cross/apt"
    mkdir -p "$cross/apt/lists/partial"
    for source in $sources; do
        # shellcheck disable=SC2016
        site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' "Label: ${source%/*}" |
            head -n 1)
        [ -n "$site" ] || fail "apt knows no Debian archive (${source%/*}) to take packages from (apt-get update?)"
        echo "deb [signed-by=$keys] $site ${source#*/} main" >>"$cross/apt/sources.list"
    done
    private_apt update
    : >"$cross/apt/updated"
}

# unpack PACKAGE - downloads a package and unpacks it below the tools, once.
unpack() {
    stamp=$tools/.unpacked/$(echo "$1" | tr / _)
    [ ! -e "$stamp" ] || return 0
    [ -e "$cross/apt/updated" ] || fetch_lists
    rm -rf "$cross/apt/new"
    mkdir -p "$cross/apt/new" "$tools/.unpacked"
    (cd "$cross/apt/new" && private_apt download "$1")
    # Without documentation, and of some packages only what is wanted.
    dpkg-deb --fsys-tarfile "$cross"/apt/new/*.deb >"$cross/apt/new/files.tar"
    case $1 in
        libc6/*) echo ./lib ;;
        qemu-user/*) for machine in s390x i386 aarch64; do echo "./usr/bin/qemu-$machine"; done ;;
        rust-web-src=*) echo ./usr/src/rustc-*/library ./usr/lib/rustlib/src | tr ' ' '\n' ;;
        *) echo . ;;
    esac | tar -x -C "$tools" --exclude=./usr/share --wildcards -T - -f "$cross/apt/new/files.tar"
    rm -r "$cross/apt/new"
    : >"$stamp"
}

# check_tools WHAT FILE... - that no library of these programs and libraries is missing.
check_tools() {
    what=$1
    shift
    missing=$(LD_LIBRARY_PATH="$libraries" ldd "$@" | sed -n 's/^\t\(.*\) => not found.*/\1/p' | sort -u | tr '\n' ' ')
    [ -z "$missing" ] || fail "Debian's $what needs libraries that are missing: $missing" \
        "(the packages libcurl4, libssh2-1, libxml2, libedit2 and libz3-4)"
}
