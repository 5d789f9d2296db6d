//! Socket options.

use core::ffi::c_int;

use errno::Errno;
use libc::{IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, SOL_SOCKET};

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
        Switch::ReusePort => (SOL_SOCKET, shared_port(fd)?),
        Switch::V6Only => (IPPROTO_IPV6, libc::IPV6_V6ONLY),
        Switch::NoDelay => (IPPROTO_TCP, libc::TCP_NODELAY),
        Switch::Broadcast => (SOL_SOCKET, libc::SO_BROADCAST),
    };
    sys::setsockopt_int(fd, level, name, c_int::from(on))
}

fn shared_port(fd: c_int) -> Result<c_int, Errno> {
    if let Some(name) = sys::SHARED_PORT {
        return Ok(name);
    }
    sys::getsockopt_int(fd, SOL_SOCKET, libc::SO_TYPE)?;
    Err(Errno(libc::ENOTSUP))
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
        let [idle, interval, probes] = sys::KEEPALIVE;
        sys::setsockopt_int(fd, IPPROTO_TCP, idle, idle_s)?;
        sys::setsockopt_int(fd, IPPROTO_TCP, interval, interval_s)?;
        sys::setsockopt_int(fd, IPPROTO_TCP, probes, count)?;
    }
    sys::setsockopt_int(fd, SOL_SOCKET, libc::SO_KEEPALIVE, c_int::from(idle_s != 0))
}

/// `sockutil_set_user_timeout`.
pub fn set_user_timeout(fd: c_int, ms: c_int) -> Result<(), Errno> {
    if ms < 0 {
        return Err(Errno(libc::EINVAL));
    }
    sys::setsockopt_int(fd, IPPROTO_TCP, sys::TCP_USER_TIMEOUT, ms)
}

/// `sockutil_multicast_join`.
pub fn multicast_join(fd: c_int, group: &Address, interface: u32) -> Result<(), Errno> {
    membership(fd, group, interface, libc::IP_ADD_MEMBERSHIP, sys::IPV6_GROUP[0])
}

/// `sockutil_multicast_leave`.
pub fn multicast_leave(fd: c_int, group: &Address, interface: u32) -> Result<(), Errno> {
    membership(fd, group, interface, libc::IP_DROP_MEMBERSHIP, sys::IPV6_GROUP[1])
}

fn membership(fd: c_int, group: &Address, interface: u32, v4: c_int, v6: c_int) -> Result<(), Errno> {
    match group.parts() {
        Some(Parts::V4(ip, _)) => sys::set_option_v4(fd, v4, ip, index(interface)?),
        Some(Parts::V6(ip, _, zone)) => sys::set_option_v6(fd, v6, ip, if interface == 0 { zone } else { interface }),
        _ => Err(Errno(libc::EAFNOSUPPORT)),
    }
}

/// `sockutil_multicast_join_source`.
pub fn multicast_join_source(fd: c_int, group: &Address, source: &Address, interface: u32) -> Result<(), Errno> {
    group_source(fd, sys::MCAST_SOURCE_GROUP[0], group, source, interface)
}

/// `sockutil_multicast_leave_source`.
pub fn multicast_leave_source(fd: c_int, group: &Address, source: &Address, interface: u32) -> Result<(), Errno> {
    match group_source(fd, sys::MCAST_SOURCE_GROUP[1], group, source, interface) {
        // The kernel's answer if the socket is a member of the group for no source at all.
        Err(Errno(libc::EINVAL)) if is_multicast(group) && is_same_family(group, source) => {
            Err(Errno(libc::EADDRNOTAVAIL))
        }
        result => result,
    }
}

fn group_source(fd: c_int, name: c_int, group: &Address, source: &Address, interface: u32) -> Result<(), Errno> {
    let (level, zone) = match group.parts() {
        Some(Parts::V4(..)) => (IPPROTO_IP, 0),
        Some(Parts::V6(_, _, zone)) => (IPPROTO_IPV6, zone),
        _ => return Err(Errno(libc::EAFNOSUPPORT)),
    };
    if !is_same_family(group, source) {
        return Err(Errno(libc::EINVAL));
    }
    let interface = if interface == 0 { zone } else { interface };
    index(interface)?;
    sys::set_group_source(fd, level, name, group, source, interface)
}

fn is_same_family(group: &Address, source: &Address) -> bool {
    matches!(
        (group.parts(), source.parts()),
        (Some(Parts::V4(..)), Some(Parts::V4(..))) | (Some(Parts::V6(..)), Some(Parts::V6(..)))
    )
}

fn is_multicast(group: &Address) -> bool {
    matches!(group.parts(), Some(Parts::V4([0xe0..=0xef, ..], _) | Parts::V6([0xff, ..], ..)))
}

/// `sockutil_set_multicast_interface`.
pub fn set_multicast_interface(fd: c_int, af: c_int, interface: u32) -> Result<(), Errno> {
    match own_family(fd, af)? {
        Family::V4 => sys::set_option_v4(fd, libc::IP_MULTICAST_IF, [0; 4], index(interface)?),
        Family::V6 => sys::setsockopt_int(fd, IPPROTO_IPV6, libc::IPV6_MULTICAST_IF, index(interface)?),
    }
}

/// `sockutil_set_multicast_hops`.
pub fn set_multicast_hops(fd: c_int, af: c_int, hops: c_int) -> Result<(), Errno> {
    // The kernel takes -1 too, for its default.
    if !(0..=255).contains(&hops) {
        return Err(Errno(libc::EINVAL));
    }
    set_of_family(fd, af, libc::IP_MULTICAST_TTL, libc::IPV6_MULTICAST_HOPS, hops)
}

/// `sockutil_set_multicast_loop`.
pub fn set_multicast_loop(fd: c_int, af: c_int, on: bool) -> Result<(), Errno> {
    set_of_family(fd, af, libc::IP_MULTICAST_LOOP, libc::IPV6_MULTICAST_LOOP, c_int::from(on))
}

/// Sets the option that both families have, by its name in the socket's own.
fn set_of_family(fd: c_int, af: c_int, v4: c_int, v6: c_int, value: c_int) -> Result<(), Errno> {
    match own_family(fd, af)? {
        Family::V4 => sys::set_multicast_v4(fd, v4, value),
        Family::V6 => sys::setsockopt_int(fd, IPPROTO_IPV6, v6, value),
    }
}

/// A family that has multicast.
enum Family {
    V4,
    V6,
}

/// `EAFNOSUPPORT` unless `af` is the socket's family: an IPv6 socket would take options of IPv4 too.
fn own_family(fd: c_int, af: c_int) -> Result<Family, Errno> {
    match (sys::family(fd)?, af) {
        (libc::AF_INET, libc::AF_INET) => Ok(Family::V4),
        (libc::AF_INET6, libc::AF_INET6) => Ok(Family::V6),
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
