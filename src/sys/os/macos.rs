//! macOS and its kin.

use core::ffi::c_int;

use errno::Errno;
use libc::{gid_t, sockaddr, sockaddr_storage, socklen_t, uid_t};

use super::posix;
use crate::sys::{Credentials, close, get_option, getsockopt_int, setsockopt_int};

pub use super::posix::*;

/// The kernel obeys it only when it receives: a send polls, and asks for the room.
pub const RECV_NOWAIT: c_int = libc::MSG_DONTWAIT;

/// `socket(2)`, then `fcntl(2)`.
pub fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<c_int, Errno> {
    without_sigpipe(posix::socket(family, kind, protocol)?)
}

/// `accept(2)`, then `fcntl(2)`.
///
/// # Safety
/// `peer` is writable for `*length` bytes.
pub unsafe fn accept(fd: c_int, peer: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> Result<c_int, Errno> {
    // SAFETY: the address is writable for its length, as this function requires.
    without_sigpipe(unsafe { posix::accept(fd, peer, length, flags) }?)
}

/// Older kernels do not know `MSG_NOSIGNAL`. A socket whose two directions are shut takes no option, and sends nothing.
fn without_sigpipe(fd: c_int) -> Result<c_int, Errno> {
    match setsockopt_int(fd, libc::SOL_SOCKET, libc::SO_NOSIGPIPE, 1) {
        Ok(()) | Err(Errno(libc::EINVAL)) => Ok(fd),
        Err(e) => {
            let _ = close(fd);
            Err(e)
        }
    }
}

pub fn set_length(address: &mut sockaddr_storage, length: usize) {
    address.ss_len = length as u8;
}

/// `SO_LINGER_SEC`: `SO_LINGER` counts ticks.
pub const SO_LINGER: c_int = 0x1080;

pub const KEEPALIVE: [c_int; 3] = [libc::TCP_KEEPALIVE, libc::TCP_KEEPINTVL, libc::TCP_KEEPCNT];

pub const MCAST_SOURCE_GROUP: [c_int; 2] = [82, 83];

pub use super::mreqn::set_option_v4;

pub use super::pktinfo::{attach_pktinfo_v4, pktinfo_v4, set_pktinfo_v4};

pub const IP_PKTINFO: c_int = 26;

/// `struct xucred`.
#[repr(C)]
struct Xucred {
    version: u32,
    uid: uid_t,
    count: i16,
    groups: [gid_t; 16],
}

/// `getsockopt(2)` with `LOCAL_PEERCRED`, and with `LOCAL_PEERPID`: the process that used the peer's socket last.
pub fn peer_credentials(fd: c_int) -> Result<Credentials, Errno> {
    const LOCAL_PEERCRED: c_int = 1;
    const LOCAL_PEERPID: c_int = 2;
    // SAFETY: an xucred is integers.
    let value: Xucred = unsafe { get_option(fd, 0, LOCAL_PEERCRED) }?;
    let [gid, ..] = value.groups;
    Ok(Credentials { pid: getsockopt_int(fd, 0, LOCAL_PEERPID)?, uid: value.uid, gid })
}
