#!/bin/sh
# find.sh PREFIX LIBDIR INCLUDEDIR MANDIR LIBRARY - after installing or uninstalling: tells the loader, and the user what
# still has to be set so that the library is found where it lies.
set -eu
prefix=$1 libdir=$2 includedir=$3 mandir=$4 library=$5
[ "$(uname -s)" = Linux ] || exit 0
PATH=$PATH:/sbin:/usr/sbin
ldconfig 2>/dev/null || :
[ -e "$libdir/$library" ] || exit 0
if [ -e /etc/ld.so.cache ]; then
    ! ldconfig -p | grep libsockutil | grep -qF "=> $libdir/" || exit 0
else
    # musl has no cache: it looks into these.
    case $libdir in /lib | /usr/lib | /usr/local/lib) exit 0 ;; esac
fi
cat <<END
sockutil: the system does not look for libraries in $libdir. Programs find it with one of
    export LD_LIBRARY_PATH=$libdir
    cc ... -Wl,-rpath,$libdir
The compiler, pkg-config and man find the rest with
    cc ... -I$includedir -L$libdir
    export PKG_CONFIG_PATH=$libdir/pkgconfig
    export MANPATH=$mandir:
CMake finds it with -DCMAKE_PREFIX_PATH=$prefix
END
