//! illumos and Solaris.

use core::ffi::c_int;
use core::ptr;

use errno::Errno;

use crate::sys::{Credentials, checked, getsockopt_int};

pub use super::posix::*;

pub const RECV_NOWAIT: c_int = libc::MSG_DONTWAIT;
pub const SEND_NOWAIT: c_int = libc::MSG_DONTWAIT;

pub use super::atomic::{SOCK_CLOEXEC, SOCK_NONBLOCK, accept, arrived, socket};

pub const RECV_CLOEXEC: c_int = 0x1000;

pub const ENONET: c_int = 64;

pub fn family(fd: c_int) -> Result<c_int, Errno> {
    const SO_DOMAIN: c_int = 0x100c;
    getsockopt_int(fd, libc::SOL_SOCKET, SO_DOMAIN)
}

/// The libc crate lacks it.
pub const AI_PASSIVE: c_int = 8;

pub const KEEPALIVE: [c_int; 3] = [34, 36, 35];

pub use super::pktinfo::{attach_pktinfo_v4, pktinfo_v4, set_pktinfo_v4};

pub const IP_PKTINFO: c_int = 0x1a;

/// `getpeerucred(3C)`.
pub fn peer_credentials(fd: c_int) -> Result<Credentials, Errno> {
    let mut found = ptr::null_mut();
    // SAFETY: `found` is writable; it is null, so the function makes a new one.
    checked(unsafe { libc::getpeerucred(fd, &raw mut found) })?;
    // SAFETY: the call succeeded, so `found` is its answer.
    let (pid, uid, gid) =
        unsafe { (libc::ucred_getpid(found), libc::ucred_geteuid(found), libc::ucred_getegid(found)) };
    // SAFETY: getpeerucred made it, and nothing uses it any more.
    unsafe { libc::ucred_free(found) };
    Ok(Credentials { pid, uid, gid })
}
