//! Socket options.

use core::ffi::c_int;

use errno::Errno;
use libc::{IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

use crate::sys::{self, Address, Parts};

/// An option that is on or off.
#[derive(Clone, Copy)]
pub enum Switch {
    /// `SO_REUSEADDR`.
    ReuseAddr,
    /// `SO_REUSEPORT`.
    ReusePort,
    /// `IPV6_V6ONLY`.
    V6Only,
    /// `TCP_NODELAY`.
    NoDelay,
    /// `SO_BROADCAST`.
    Broadcast,
}

/// Turns an option on or off.
pub fn set(fd: c_int, switch: Switch, on: bool) -> Result<(), Errno> {
    let (level, name) = match switch {
        Switch::ReuseAddr => (SOL_SOCKET, libc::SO_REUSEADDR),
        Switch::ReusePort => (SOL_SOCKET, libc::SO_REUSEPORT),
        Switch::V6Only => (IPPROTO_IPV6, libc::IPV6_V6ONLY),
        Switch::NoDelay => (IPPROTO_TCP, libc::TCP_NODELAY),
        Switch::Broadcast => (SOL_SOCKET, libc::SO_BROADCAST),
    };
    sys::setsockopt_int(fd, level, name, c_int::from(on))
}

/// `sockutil_set_nonblock`; returns the old flags if they have changed.
pub fn set_nonblock(fd: c_int, on: bool) -> Result<Option<c_int>, Errno> {
    let before = sys::status_flags(fd)?;
    let after = if on { before | libc::O_NONBLOCK } else { before & !libc::O_NONBLOCK };
    if after == before {
        return Ok(None);
    }
    sys::set_status_flags(fd, after)?;
    Ok(Some(before))
}

/// `sockutil_set_linger`.
pub fn set_linger(fd: c_int, on: bool, seconds: c_int) -> Result<(), Errno> {
    if seconds < 0 {
        return Err(Errno(libc::EINVAL));
    }
    sys::set_linger(fd, on, seconds)
}

/// `sockutil_set_keepalive`. The times come first: the connection changes only with the last line.
pub fn set_keepalive(fd: c_int, idle_s: c_int, interval_s: c_int, count: c_int) -> Result<(), Errno> {
    if idle_s != 0 {
        // Linux's own limits (tcp(7)), checked before the first of the three options changes.
        let seconds = 1..=32767;
        if !seconds.contains(&idle_s) || !seconds.contains(&interval_s) || !(1..=127).contains(&count) {
            return Err(Errno(libc::EINVAL));
        }
        sys::setsockopt_int(fd, IPPROTO_TCP, libc::TCP_KEEPIDLE, idle_s)?;
        sys::setsockopt_int(fd, IPPROTO_TCP, libc::TCP_KEEPINTVL, interval_s)?;
        sys::setsockopt_int(fd, IPPROTO_TCP, libc::TCP_KEEPCNT, count)?;
    }
    sys::setsockopt_int(fd, SOL_SOCKET, libc::SO_KEEPALIVE, c_int::from(idle_s != 0))
}

/// `sockutil_multicast_join`.
pub fn multicast_join(fd: c_int, group: &Address, interface: u32) -> Result<(), Errno> {
    membership(fd, group, interface, libc::IP_ADD_MEMBERSHIP, libc::IPV6_ADD_MEMBERSHIP)
}

/// `sockutil_multicast_leave`.
pub fn multicast_leave(fd: c_int, group: &Address, interface: u32) -> Result<(), Errno> {
    membership(fd, group, interface, libc::IP_DROP_MEMBERSHIP, libc::IPV6_DROP_MEMBERSHIP)
}

fn membership(fd: c_int, group: &Address, interface: u32, v4: c_int, v6: c_int) -> Result<(), Errno> {
    match group.parts() {
        Some(Parts::V4(ip, _)) => sys::set_option_v4(fd, v4, ip, index(interface)?),
        Some(Parts::V6(ip, _, zone)) => sys::set_option_v6(fd, v6, ip, if interface == 0 { zone } else { interface }),
        _ => Err(Errno(libc::EAFNOSUPPORT)),
    }
}

/// `sockutil_set_multicast_interface`.
pub fn set_multicast_interface(fd: c_int, af: c_int, interface: u32) -> Result<(), Errno> {
    match af {
        libc::AF_INET => sys::set_option_v4(fd, libc::IP_MULTICAST_IF, [0; 4], index(interface)?),
        libc::AF_INET6 => sys::setsockopt_int(fd, IPPROTO_IPV6, libc::IPV6_MULTICAST_IF, index(interface)?),
        _ => Err(Errno(libc::EAFNOSUPPORT)),
    }
}

/// The kernel takes interfaces as ints here; none has a higher number.
fn index(interface: u32) -> Result<c_int, Errno> {
    c_int::try_from(interface).map_err(|_| Errno(libc::ENODEV))
}

/// An option that is an int.
pub fn get_int(fd: c_int, level: c_int, name: c_int) -> Result<c_int, Errno> {
    sys::getsockopt_int(fd, level, name)
}

/// Sets an option that is an int.
pub fn set_int(fd: c_int, level: c_int, name: c_int, value: c_int) -> Result<(), Errno> {
    sys::setsockopt_int(fd, level, name, value)
}

/// Takes the pending error, and leaves 0 in its place.
pub fn take_error(fd: c_int) -> Result<c_int, Errno> {
    sys::getsockopt_int(fd, SOL_SOCKET, libc::SO_ERROR)
}
