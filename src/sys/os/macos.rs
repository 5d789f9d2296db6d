//! macOS and its kin.

use core::ffi::c_int;

use errno::Errno;
use libc::{gid_t, in_addr, pid_t, sockaddr, sockaddr_storage, socklen_t, uid_t};

use super::posix;
use crate::sys::control::{Control, body};
use crate::sys::{Credentials, checked, close, set_option, size_of};

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
    let on: c_int = 1;
    match set_option(fd, libc::SOL_SOCKET, libc::SO_NOSIGPIPE, &on) {
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

/// `setsockopt(2)` for an IPv4 group or interface.
pub fn set_option_v4(fd: c_int, name: c_int, group: [u8; 4], interface: c_int) -> Result<(), Errno> {
    let value = libc::ip_mreqn {
        imr_multiaddr: in_addr { s_addr: u32::from_ne_bytes(group) },
        imr_address: in_addr { s_addr: 0 },
        imr_ifindex: interface,
    };
    set_option(fd, libc::IPPROTO_IP, name, &value)
}

/// The option, and the control message in both directions.
const IP_PKTINFO: c_int = 26;

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
    let mut value = Xucred { version: 0, uid: 0, count: 0, groups: [0; 16] };
    let mut size = size_of::<Xucred>();
    // SAFETY: `value` is writable for `size` bytes, and any bytes make an xucred.
    checked(unsafe { libc::getsockopt(fd, 0, LOCAL_PEERCRED, (&raw mut value).cast(), &raw mut size) })?;
    let [gid, ..] = value.groups;
    let mut pid: pid_t = 0;
    let mut size = size_of::<pid_t>();
    // SAFETY: `pid` is writable for `size` bytes.
    checked(unsafe { libc::getsockopt(fd, 0, LOCAL_PEERPID, (&raw mut pid).cast(), &raw mut size) })?;
    Ok(Credentials { pid, uid: value.uid, gid })
}
