//! What differs between systems: one file for each kind of system, all with the same names. Nothing else in the library
//! asks which system it is.
//!
//! [`posix`] has what every system can do, and each file takes from it what it does not do better: its own items come
//! before those of a glob import. With `--cfg sockutil_posix` a build for Linux takes all of it (`make test-posix`).

#[cfg(all(any(target_os = "linux", target_os = "android"), not(sockutil_posix)))]
mod linux;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(sockutil_posix)))]
pub use linux::*;

#[cfg(any(not(any(target_os = "linux", target_os = "android")), sockutil_posix))]
mod posix;

// What several of them have.
#[cfg(not(any(target_vendor = "apple", sockutil_posix)))]
mod atomic;
#[cfg(any(target_os = "freebsd", target_os = "dragonfly", target_os = "openbsd"))]
mod dstaddr;
#[cfg(not(any(target_os = "dragonfly", target_os = "netbsd", target_os = "illumos", target_os = "solaris")))]
mod mreqn;
#[cfg(all(
    any(
        target_os = "linux",
        target_os = "android",
        target_vendor = "apple",
        target_os = "illumos",
        target_os = "solaris"
    ),
    not(sockutil_posix)
))]
mod pktinfo;

#[cfg(all(any(target_os = "linux", target_os = "android"), sockutil_posix))]
pub use posix::*;

#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
mod freebsd;
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
pub use freebsd::*;

#[cfg(target_os = "netbsd")]
mod netbsd;
#[cfg(target_os = "netbsd")]
pub use netbsd::*;

#[cfg(target_os = "openbsd")]
mod openbsd;
#[cfg(target_os = "openbsd")]
pub use openbsd::*;

#[cfg(target_vendor = "apple")]
mod macos;
#[cfg(target_vendor = "apple")]
pub use macos::*;

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
mod illumos;
#[cfg(any(target_os = "illumos", target_os = "solaris"))]
pub use illumos::*;

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "dragonfly",
    target_os = "netbsd",
    target_os = "openbsd",
    target_vendor = "apple",
    target_os = "illumos",
    target_os = "solaris"
)))]
compile_error!(
    "sockutil knows Linux, Android, FreeBSD, DragonFly, NetBSD, OpenBSD, macOS and illumos, not this system"
);
