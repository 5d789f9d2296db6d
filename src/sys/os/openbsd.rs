//! OpenBSD.

use core::ffi::c_int;

use errno::Errno;
use libc::{gid_t, in_addr, pid_t, sockaddr, sockaddr_storage, socklen_t, uid_t};

use crate::sys::control::{Control, body};
use crate::sys::{Credentials, checked, getsockopt_int, set_option, size_of};

pub use super::posix::*;

pub const RECV_NOWAIT: c_int = libc::MSG_DONTWAIT;
pub const SEND_NOWAIT: c_int = libc::MSG_DONTWAIT;

pub use libc::{SOCK_CLOEXEC, SOCK_NONBLOCK};

pub const RECV_CLOEXEC: c_int = libc::MSG_CMSG_CLOEXEC;

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

pub fn family(fd: c_int) -> Result<c_int, Errno> {
    const SO_DOMAIN: c_int = 0x1024;
    getsockopt_int(fd, libc::SOL_SOCKET, SO_DOMAIN)
}

/// An address's length is one byte, and the storage has 256.
pub fn set_length(address: &mut sockaddr_storage, length: usize) {
    address.ss_len = length.min(255) as u8;
}

/// `setsockopt(2)` for an IPv4 group or interface.
pub fn set_option_v4(fd: c_int, name: c_int, group: [u8; 4], interface: c_int) -> Result<(), Errno> {
    let value =
        Mreqn { group: in_addr { s_addr: u32::from_ne_bytes(group) }, address: in_addr { s_addr: 0 }, interface };
    set_option(fd, libc::IPPROTO_IP, name, &value)
}

/// `struct ip_mreqn`.
#[repr(C)]
struct Mreqn {
    group: in_addr,
    address: in_addr,
    interface: c_int,
}

/// The option, and the control message in both directions.
const IP_RECVDSTADDR: c_int = 7;

pub fn set_pktinfo_v4(fd: c_int, on: c_int) -> Result<(), Errno> {
    set_option(fd, libc::IPPROTO_IP, IP_RECVDSTADDR, &on)
}

/// The address that a datagram was sent to, from a control message of IPv4 of this type.
///
/// # Safety
/// The kernel has written `header`, and its body.
pub unsafe fn pktinfo_v4(header: *const libc::cmsghdr, kind: c_int) -> Option<([u8; 4], u32)> {
    if kind != IP_RECVDSTADDR {
        return None;
    }
    // SAFETY: the kernel has written the header, and an in_addr follows it.
    let address: in_addr = unsafe { body(header) };
    Some((address.s_addr.to_ne_bytes(), 0))
}

/// Makes a control message of the address to send from. There is none for an interface.
pub fn attach_pktinfo_v4(control: &mut Control, message: &mut libc::msghdr, ip: [u8; 4], _interface: u32) {
    if ip != [0; 4] {
        control.attach(message, libc::IPPROTO_IP, IP_RECVDSTADDR, &in_addr { s_addr: u32::from_ne_bytes(ip) });
    }
}

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
    let mut value = Sockpeercred { uid: 0, gid: 0, pid: 0 };
    let mut size = size_of::<Sockpeercred>();
    let place = (&raw mut value).cast();
    // SAFETY: `value` is writable for `size` bytes, and any bytes make a sockpeercred.
    checked(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, SO_PEERCRED, place, &raw mut size) })?;
    Ok(Credentials { pid: value.pid, uid: value.uid, gid: value.gid })
}

/// `getsockopt(2)` with `TCP_INFO`.
pub fn tcp_state(fd: c_int) -> Result<u8, Errno> {
    const TCP_INFO: c_int = 9;
    state_in::<[u8; 212]>(fd, TCP_INFO)
}
