//! FreeBSD and DragonFly.

use core::ffi::c_int;

use errno::Errno;
use libc::{gid_t, sockaddr_storage, uid_t};

use crate::sys::{Credentials, get_option};

pub use super::posix::*;

pub const RECV_NOWAIT: c_int = libc::MSG_DONTWAIT;
pub const SEND_NOWAIT: c_int = libc::MSG_DONTWAIT;

pub use super::atomic::{SOCK_CLOEXEC, SOCK_NONBLOCK, accept, arrived, socket};

pub const RECV_CLOEXEC: c_int = libc::MSG_CMSG_CLOEXEC;

#[cfg(target_os = "freebsd")]
pub const MORE_EVENTS: libc::c_short = libc::POLLRDHUP;

#[cfg(target_os = "freebsd")]
pub fn family(fd: c_int) -> Result<c_int, Errno> {
    crate::sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_DOMAIN)
}

pub fn set_length(address: &mut sockaddr_storage, length: usize) {
    address.ss_len = length as u8;
}

pub const KEEPALIVE: [c_int; 3] = [libc::TCP_KEEPIDLE, libc::TCP_KEEPINTVL, libc::TCP_KEEPCNT];

#[cfg(target_os = "freebsd")]
pub const SHARED_PORT: Option<c_int> = Some(libc::SO_REUSEPORT_LB);

#[cfg(target_os = "freebsd")]
pub const MCAST_SOURCE_GROUP: [c_int; 2] = [82, 83];

#[cfg(target_os = "freebsd")]
pub use super::mreqn::set_option_v4;

pub use super::dstaddr::{attach_pktinfo_v4, pktinfo_v4, set_pktinfo_v4};

/// `struct xucred`.
#[repr(C)]
struct Xucred {
    version: u32,
    uid: uid_t,
    count: i16,
    groups: [gid_t; 16],
    /// A union of a pointer's size. 0 where the kernel does not tell it.
    pid: usize,
}

/// `getsockopt(2)` with `LOCAL_PEERCRED`.
pub fn peer_credentials(fd: c_int) -> Result<Credentials, Errno> {
    const LOCAL_PEERCRED: c_int = 1;
    // SAFETY: an xucred is integers.
    let value: Xucred = unsafe { get_option(fd, 0, LOCAL_PEERCRED) }?;
    let [gid, ..] = value.groups;
    let pid = if cfg!(target_os = "freebsd") { value.pid as libc::pid_t } else { 0 };
    Ok(Credentials { pid, uid: value.uid, gid })
}

/// `getsockopt(2)` with `TCP_INFO`.
#[cfg(target_os = "freebsd")]
pub fn tcp_state(fd: c_int) -> Result<u8, Errno> {
    bsd_state::<256>(fd, libc::TCP_INFO)
}
