//! NetBSD.

#![allow(non_snake_case, reason = "the names of C's macros")]

use core::ffi::c_int;
use core::{mem, ptr};

use errno::Errno;
use libc::{cmsghdr, gid_t, in_addr, msghdr, pid_t, sockaddr_storage, uid_t};

use crate::sys::control::{Control, body};
use crate::sys::{Credentials, get_option, setsockopt_int};

pub use super::posix::*;

pub const RECV_NOWAIT: c_int = libc::MSG_DONTWAIT;

/// The kernel obeys `MSG_DONTWAIT` only when it receives. `MSG_NBIO` is what a socket with `O_NONBLOCK` gets.
pub const SEND_NOWAIT: c_int = libc::MSG_DONTWAIT | MSG_NBIO;

const MSG_NBIO: c_int = 0x1000;

pub use super::atomic::{SOCK_CLOEXEC, SOCK_NONBLOCK, accept, arrived, socket};

pub const RECV_CLOEXEC: c_int = libc::MSG_CMSG_CLOEXEC;

pub fn set_length(address: &mut sockaddr_storage, length: usize) {
    address.ss_len = length as u8;
}

pub const KEEPALIVE: [c_int; 3] = [libc::TCP_KEEPIDLE, libc::TCP_KEEPINTVL, libc::TCP_KEEPCNT];

/// To ask, and the control message.
const IP_RECVPKTINFO: c_int = 26;
const IP_PKTINFO: c_int = 25;

/// `struct in_pktinfo`.
#[repr(C)]
struct PacketInfo {
    address: in_addr,
    interface: u32,
}

pub fn set_pktinfo_v4(fd: c_int, on: c_int) -> Result<(), Errno> {
    setsockopt_int(fd, libc::IPPROTO_IP, IP_RECVPKTINFO, on)
}

/// The address that a datagram was sent to, from a control message of IPv4 of this type. API.md promises no interface.
///
/// # Safety
/// The kernel has written `header`, and its body.
pub unsafe fn pktinfo_v4(header: *const libc::cmsghdr, kind: c_int) -> Option<([u8; 4], u32)> {
    if kind != IP_PKTINFO {
        return None;
    }
    // SAFETY: the kernel has written the header, and this struct follows it.
    let info: PacketInfo = unsafe { body(header) };
    Some((info.address.s_addr.to_ne_bytes(), 0))
}

/// Makes a control message of the address to send from and the interface.
pub fn attach_pktinfo_v4(control: &mut Control, message: &mut libc::msghdr, ip: [u8; 4], interface: u32) {
    let info = PacketInfo { address: in_addr { s_addr: u32::from_ne_bytes(ip) }, interface };
    control.attach(message, libc::IPPROTO_IP, IP_PKTINFO, &info);
}

/// `struct unpcbid`.
#[repr(C)]
struct Unpcbid {
    pid: pid_t,
    uid: uid_t,
    gid: gid_t,
}

/// `getsockopt(2)` with `LOCAL_PEEREID`, which is EINVAL where the peer is not known.
pub fn peer_credentials(fd: c_int) -> Result<Credentials, Errno> {
    const LOCAL_PEEREID: c_int = 3;
    // SAFETY: an unpcbid is integers.
    match unsafe { get_option(fd, 0, LOCAL_PEEREID) } {
        Err(Errno(libc::EINVAL)) => Err(Errno(libc::ENOTCONN)),
        Err(e) => Err(e),
        Ok(Unpcbid { pid, uid, gid }) => Ok(Credentials { pid, uid, gid }),
    }
}

/// `getsockopt(2)` with `TCP_INFO`.
pub fn tcp_state(fd: c_int) -> Result<u8, Errno> {
    const TCP_INFO: c_int = 9;
    bsd_state::<236>(fd, TCP_INFO)
}

// ---- Control messages

/// The alignment of a control message and of its body. (The libc crate takes 4 on ARM.)
const CONTROL_ALIGN: usize = if cfg!(target_arch = "aarch64") { 16 } else { 8 };

const fn aligned(bytes: usize) -> usize {
    bytes.next_multiple_of(CONTROL_ALIGN)
}

/// Where the body begins.
const BODY: usize = aligned(mem::size_of::<cmsghdr>());

/// # Safety
/// None: these two compute, and read nothing.
pub const unsafe fn CMSG_LEN(body: u32) -> u32 {
    BODY as u32 + body
}

/// # Safety
/// None.
pub const unsafe fn CMSG_SPACE(body: u32) -> u32 {
    (BODY + aligned(body as usize)) as u32
}

/// # Safety
/// A body follows `header`.
pub unsafe fn CMSG_DATA(header: *const cmsghdr) -> *mut u8 {
    header.cast::<u8>().wrapping_add(BODY).cast_mut()
}

/// # Safety
/// `message` is readable.
pub unsafe fn CMSG_FIRSTHDR(message: *const msghdr) -> *mut cmsghdr {
    // SAFETY: it is readable, as this function requires.
    let (start, length) = unsafe { ((*message).msg_control, (*message).msg_controllen as usize) };
    if length < mem::size_of::<cmsghdr>() { ptr::null_mut() } else { start.cast() }
}

/// # Safety
/// `message` is readable, and `header` is a header in it.
pub unsafe fn CMSG_NXTHDR(message: *const msghdr, header: *const cmsghdr) -> *mut cmsghdr {
    // SAFETY: both are readable, as this function requires.
    let (start, length, size) =
        unsafe { ((*message).msg_control as usize, (*message).msg_controllen as usize, (*header).cmsg_len as usize) };
    let next = header as usize + aligned(size);
    if next + BODY > start + length {
        ptr::null_mut()
    } else {
        header.cast::<u8>().wrapping_add(aligned(size)).cast_mut().cast()
    }
}
