//! illumos and Solaris.

use core::ffi::c_int;
use core::ptr;

use errno::Errno;
use libc::{in_addr, sockaddr, socklen_t};

use crate::sys::control::{Control, body};
use crate::sys::{Credentials, checked, getsockopt_int, set_option};

pub use super::posix::*;

pub const RECV_NOWAIT: c_int = libc::MSG_DONTWAIT;
pub const SEND_NOWAIT: c_int = libc::MSG_DONTWAIT;

pub use libc::{SOCK_CLOEXEC, SOCK_NONBLOCK};

pub const RECV_CLOEXEC: c_int = 0x1000;

pub const ENONET: c_int = 64;

/// `socket(3SOCKET)`.
pub fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<c_int, Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::socket(family, kind, protocol) })
}

/// `accept4(3SOCKET)`.
///
/// # Safety
/// `peer` is writable for `*length` bytes.
pub unsafe fn accept(fd: c_int, peer: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> Result<c_int, Errno> {
    // SAFETY: the address is writable for its length, as this function requires.
    checked(unsafe { libc::accept4(fd, peer, length, flags) })
}

pub fn arrived(_fd: c_int) {}

pub fn family(fd: c_int) -> Result<c_int, Errno> {
    const SO_DOMAIN: c_int = 0x100c;
    getsockopt_int(fd, libc::SOL_SOCKET, SO_DOMAIN)
}

/// The libc crate lacks it.
pub const AI_PASSIVE: c_int = 8;

pub const KEEPALIVE: [c_int; 3] = [34, 36, 35];

/// The option, and the control message in both directions.
const IP_PKTINFO: c_int = 0x1a;

/// `struct in_pktinfo`.
#[repr(C)]
struct PacketInfo {
    interface: u32,
    /// The address to answer from.
    local: in_addr,
    /// The address that it was sent to.
    sent_to: in_addr,
}

pub fn set_pktinfo_v4(fd: c_int, on: c_int) -> Result<(), Errno> {
    set_option(fd, libc::IPPROTO_IP, IP_PKTINFO, &on)
}

/// The address to answer from and the interface, from a control message of IPv4 of this type.
///
/// # Safety
/// The kernel has written `header`, and its body.
pub unsafe fn pktinfo_v4(header: *const libc::cmsghdr, kind: c_int) -> Option<([u8; 4], u32)> {
    if kind != IP_PKTINFO {
        return None;
    }
    // SAFETY: the kernel has written the header, and this struct follows it.
    let info: PacketInfo = unsafe { body(header) };
    Some((info.local.s_addr.to_ne_bytes(), info.interface))
}

/// Makes a control message of the address to send from and the interface.
pub fn attach_pktinfo_v4(control: &mut Control, message: &mut libc::msghdr, ip: [u8; 4], interface: u32) {
    let local = in_addr { s_addr: u32::from_ne_bytes(ip) };
    let info = PacketInfo { interface, local, sent_to: in_addr { s_addr: 0 } };
    control.attach(message, libc::IPPROTO_IP, IP_PKTINFO, &info);
}

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
