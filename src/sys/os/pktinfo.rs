//! The local address of a datagram of IPv4, where `IP_PKTINFO` is both the option and the control message.

use core::ffi::c_int;

use errno::Errno;
use libc::{IPPROTO_IP, cmsghdr, in_addr, msghdr};

use super::IP_PKTINFO;
use crate::sys::control::{Control, body};
use crate::sys::setsockopt_int;

/// `struct in_pktinfo`. (The libc crate lacks it for some systems.)
#[repr(C)]
struct PacketInfo {
    interface: u32,
    /// The address to answer from.
    local: in_addr,
    /// The address that it was sent to.
    sent_to: in_addr,
}

/// Turns the option on or off.
pub fn set_pktinfo_v4(fd: c_int, on: c_int) -> Result<(), Errno> {
    setsockopt_int(fd, IPPROTO_IP, IP_PKTINFO, on)
}

/// The address to answer from and the interface, from a control message of IPv4 of this type.
///
/// # Safety
/// The kernel has written `header`, and its body.
pub unsafe fn pktinfo_v4(header: *const cmsghdr, kind: c_int) -> Option<([u8; 4], u32)> {
    if kind != IP_PKTINFO {
        return None;
    }
    // SAFETY: the kernel has written the header, and this struct follows it.
    let info: PacketInfo = unsafe { body(header) };
    Some((info.local.s_addr.to_ne_bytes(), info.interface))
}

/// Makes a control message of the address to send from and the interface.
pub fn attach_pktinfo_v4(control: &mut Control, message: &mut msghdr, ip: [u8; 4], interface: u32) {
    let local = in_addr { s_addr: u32::from_ne_bytes(ip) };
    let info = PacketInfo { interface, local, sent_to: in_addr { s_addr: 0 } };
    control.attach(message, IPPROTO_IP, IP_PKTINFO, &info);
}
