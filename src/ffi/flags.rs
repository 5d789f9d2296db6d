//! Flags, for the functions that make a descriptor.

use core::ffi::c_uint;

use errno::Errno;

use super::check::INVALID;
use crate::socket::Flags;

/// Let several sockets of one user bind to one port, and distribute connections
/// and datagrams among them (SO_REUSEPORT, on each of them).
pub const SOCKUTIL_REUSEPORT: c_uint = 1 << 16;

/// Keep IPv4 out of an IPv6 socket (IPV6_V6ONLY).
pub const SOCKUTIL_V6ONLY: c_uint = 1 << 17;

/// Give the new descriptor O_NONBLOCK.
pub const SOCKUTIL_NONBLOCK: c_uint = 1 << 18;

/// Do not give the new descriptor FD_CLOEXEC.
pub const SOCKUTIL_INHERIT: c_uint = 1 << 19;

/// Never ask the resolver, whose time no timeout can bound.
pub const SOCKUTIL_NUMERIC: c_uint = 1 << 20;

/// The flags of a datagram or stream client.
pub(super) const CLIENT: c_uint = SOCKUTIL_NONBLOCK | SOCKUTIL_INHERIT | SOCKUTIL_NUMERIC;

/// The flags of a bound socket.
pub(super) const SERVER: c_uint = CLIENT | SOCKUTIL_REUSEPORT | SOCKUTIL_V6ONLY;

/// The flags of a new descriptor without an address text.
pub(super) const DESCRIPTOR: c_uint = SOCKUTIL_NONBLOCK | SOCKUTIL_INHERIT;

/// The flags of a lookup.
pub(super) const NUMERIC: c_uint = SOCKUTIL_NUMERIC;

/// The flags, taken apart.
pub struct Checked {
    /// The flags of the socket.
    pub socket: Flags,
    /// `SOCKUTIL_NUMERIC`.
    pub numeric: bool,
}

/// Refuses unknown bits.
pub fn check(flags: c_uint, known: c_uint) -> Result<Checked, Errno> {
    if flags & !known != 0 {
        return Err(INVALID);
    }
    let has = |bit| flags & bit != 0;
    let socket = Flags {
        reuseport: has(SOCKUTIL_REUSEPORT),
        v6only: has(SOCKUTIL_V6ONLY),
        nonblock: has(SOCKUTIL_NONBLOCK),
        inherit: has(SOCKUTIL_INHERIT),
    };
    Ok(Checked { socket, numeric: has(SOCKUTIL_NUMERIC) })
}
