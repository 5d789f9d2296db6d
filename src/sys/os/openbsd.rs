//! OpenBSD.

use core::ffi::c_int;

use errno::Errno;
use libc::{gid_t, pid_t, sockaddr_storage, uid_t};

use crate::sys::{Credentials, get_option, getsockopt_int};

pub use super::posix::*;

pub const RECV_NOWAIT: c_int = libc::MSG_DONTWAIT;
pub const SEND_NOWAIT: c_int = libc::MSG_DONTWAIT;

pub use super::atomic::{SOCK_CLOEXEC, SOCK_NONBLOCK, accept, arrived, socket};

pub const RECV_CLOEXEC: c_int = libc::MSG_CMSG_CLOEXEC;

pub fn family(fd: c_int) -> Result<c_int, Errno> {
    const SO_DOMAIN: c_int = 0x1024;
    getsockopt_int(fd, libc::SOL_SOCKET, SO_DOMAIN)
}

/// An address's length is one byte, and the storage has 256.
pub fn set_length(address: &mut sockaddr_storage, length: usize) {
    address.ss_len = length.min(255) as u8;
}

pub use super::mreqn::set_option_v4;

pub use super::dstaddr::{attach_pktinfo_v4, pktinfo_v4, set_pktinfo_v4};

/// `struct sockpeercred`.
#[repr(C)]
struct Sockpeercred {
    uid: uid_t,
    gid: gid_t,
    pid: pid_t,
}

/// `getsockopt(2)` with `SO_PEERCRED`.
pub fn peer_credentials(fd: c_int) -> Result<Credentials, Errno> {
    const SO_PEERCRED: c_int = 0x1022;
    // SAFETY: a sockpeercred is integers.
    let Sockpeercred { uid, gid, pid } = unsafe { get_option(fd, libc::SOL_SOCKET, SO_PEERCRED) }?;
    Ok(Credentials { pid, uid, gid })
}

/// `getsockopt(2)` with `TCP_INFO`.
pub fn tcp_state(fd: c_int) -> Result<u8, Errno> {
    const TCP_INFO: c_int = 9;
    bsd_state::<212>(fd, TCP_INFO)
}
