//! FreeBSD and DragonFly.

use core::ffi::c_int;

use errno::Errno;
use libc::{gid_t, in_addr, sockaddr, sockaddr_storage, socklen_t, uid_t};

use crate::sys::control::{Control, body};
use crate::sys::{Credentials, checked, set_option, size_of};

pub use super::posix::*;

pub const RECV_NOWAIT: c_int = libc::MSG_DONTWAIT;
pub const SEND_NOWAIT: c_int = libc::MSG_DONTWAIT;

pub use libc::{SOCK_CLOEXEC, SOCK_NONBLOCK};

pub const RECV_CLOEXEC: c_int = libc::MSG_CMSG_CLOEXEC;

#[cfg(target_os = "freebsd")]
pub const MORE_EVENTS: libc::c_short = libc::POLLRDHUP;

/// `socket(2)`.
pub fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<c_int, Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::socket(family, kind, protocol) })
}

/// `accept4(2)`, which does not hand on the listener's `O_NONBLOCK`.
///
/// # Safety
/// `peer` is writable for `*length` bytes.
pub unsafe fn accept(fd: c_int, peer: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> Result<c_int, Errno> {
    // SAFETY: the address is writable for its length, as this function requires.
    checked(unsafe { libc::accept4(fd, peer, length, flags) })
}

pub fn arrived(_fd: c_int) {}

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

/// `setsockopt(2)` for an IPv4 group or interface.
#[cfg(target_os = "freebsd")]
pub fn set_option_v4(fd: c_int, name: c_int, group: [u8; 4], interface: c_int) -> Result<(), Errno> {
    let value = libc::ip_mreqn {
        imr_multiaddr: in_addr { s_addr: u32::from_ne_bytes(group) },
        imr_address: in_addr { s_addr: 0 },
        imr_ifindex: interface,
    };
    set_option(fd, libc::IPPROTO_IP, name, &value)
}

/// Turns `IP_RECVDSTADDR` on or off: the address alone.
pub fn set_pktinfo_v4(fd: c_int, on: c_int) -> Result<(), Errno> {
    set_option(fd, libc::IPPROTO_IP, libc::IP_RECVDSTADDR, &on)
}

/// The address that a datagram was sent to, from a control message of IPv4 of this type.
///
/// # Safety
/// The kernel has written `header`, and its body.
pub unsafe fn pktinfo_v4(header: *const libc::cmsghdr, kind: c_int) -> Option<([u8; 4], u32)> {
    if kind != libc::IP_RECVDSTADDR {
        return None;
    }
    // SAFETY: the kernel has written the header, and an in_addr follows it.
    let address: in_addr = unsafe { body(header) };
    Some((address.s_addr.to_ne_bytes(), 0))
}

/// Makes a control message of the address to send from. There is none for an interface.
pub fn attach_pktinfo_v4(control: &mut Control, message: &mut libc::msghdr, ip: [u8; 4], _interface: u32) {
    // The option's number is also that of the message: IP_SENDSRCADDR.
    const IP_SENDSRCADDR: c_int = libc::IP_RECVDSTADDR;
    if ip != [0; 4] {
        control.attach(message, libc::IPPROTO_IP, IP_SENDSRCADDR, &in_addr { s_addr: u32::from_ne_bytes(ip) });
    }
}

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
    let mut value = Xucred { version: 0, uid: 0, count: 0, groups: [0; 16], pid: 0 };
    let mut size = size_of::<Xucred>();
    // SAFETY: `value` is writable for `size` bytes, and any bytes make an xucred.
    checked(unsafe { libc::getsockopt(fd, 0, LOCAL_PEERCRED, (&raw mut value).cast(), &raw mut size) })?;
    let [gid, ..] = value.groups;
    let pid = if cfg!(target_os = "freebsd") { value.pid as libc::pid_t } else { 0 };
    Ok(Credentials { pid, uid: value.uid, gid })
}

/// `getsockopt(2)` with `TCP_INFO`.
#[cfg(target_os = "freebsd")]
pub fn tcp_state(fd: c_int) -> Result<u8, Errno> {
    state_in::<[u8; 256]>(fd, libc::TCP_INFO)
}
