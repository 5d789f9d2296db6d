//! IPv4 multicast by an interface's index, where the kernel takes `struct ip_mreqn`. (The libc crate lacks it for OpenBSD.)

use core::ffi::c_int;

use errno::Errno;
use libc::in_addr;

use crate::sys::set_option;

/// `struct ip_mreqn`.
#[repr(C)]
struct Mreqn {
    group: in_addr,
    address: in_addr,
    interface: c_int,
}

/// `setsockopt(2)` for an IPv4 group or interface.
pub fn set_option_v4(fd: c_int, name: c_int, group: [u8; 4], interface: c_int) -> Result<(), Errno> {
    let group = in_addr { s_addr: u32::from_ne_bytes(group) };
    let value = Mreqn { group, address: in_addr { s_addr: 0 }, interface };
    set_option(fd, libc::IPPROTO_IP, name, &value)
}
