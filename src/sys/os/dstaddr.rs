//! The local address of a datagram of IPv4, where the kernel reports it without the interface: `IP_RECVDSTADDR`.

use core::ffi::c_int;

use errno::Errno;
use libc::{IPPROTO_IP, cmsghdr, in_addr, msghdr};

use crate::sys::control::{Control, body};
use crate::sys::setsockopt_int;

/// The option, and the control message in both directions (to send, C calls it `IP_SENDSRCADDR`).
const IP_RECVDSTADDR: c_int = 7;

/// Turns the option on or off.
pub fn set_pktinfo_v4(fd: c_int, on: c_int) -> Result<(), Errno> {
    setsockopt_int(fd, IPPROTO_IP, IP_RECVDSTADDR, on)
}

/// The address that a datagram was sent to, from a control message of IPv4 of this type.
///
/// # Safety
/// The kernel has written `header`, and its body.
pub unsafe fn pktinfo_v4(header: *const cmsghdr, kind: c_int) -> Option<([u8; 4], u32)> {
    if kind != IP_RECVDSTADDR {
        return None;
    }
    // SAFETY: the kernel has written the header, and an in_addr follows it.
    let address: in_addr = unsafe { body(header) };
    Some((address.s_addr.to_ne_bytes(), 0))
}

/// Makes a control message of the address to send from. There is none for an interface.
pub fn attach_pktinfo_v4(control: &mut Control, message: &mut msghdr, ip: [u8; 4], _interface: u32) {
    if ip != [0; 4] {
        control.attach(message, IPPROTO_IP, IP_RECVDSTADDR, &in_addr { s_addr: u32::from_ne_bytes(ip) });
    }
}
