//! Flags, for the functions that make a descriptor.

use core::ffi::{c_int, c_uint};

use errno::Errno;

use super::check::INVALID;
use crate::resolve::Purpose;
use crate::socket::Flags;
use crate::stream_text::Lookup;

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

/// Use only IPv4 addresses.
pub const SOCKUTIL_IPV4: c_uint = 1 << 21;

/// Use only IPv6 addresses. For listeners and sockutil_udp_bind this implies
/// SOCKUTIL_V6ONLY.
pub const SOCKUTIL_IPV6: c_uint = 1 << 22;

/// For sockutil_udp_bind: let several programs that set this flag bind to one
/// port, as mDNS does (SO_REUSEADDR). Each gets the multicast and broadcast
/// datagrams; one of them, unspecified which, gets the others.
pub const SOCKUTIL_REUSEADDR: c_uint = 1 << 23;

/// Replace whatever socket is at the path, a living listener's too.
pub const SOCKUTIL_REPLACE: c_uint = 1 << 24;

/// The flags of a datagram or stream client.
pub(super) const CLIENT: c_uint = DESCRIPTOR | LOOKUP;

/// The flags of a bound socket.
pub(super) const SERVER: c_uint = CLIENT | SOCKUTIL_REUSEPORT | SOCKUTIL_V6ONLY;

/// The flags of a bound UDP socket.
pub(super) const UDP_SERVER: c_uint = SERVER | SOCKUTIL_REUSEADDR;

/// The flags of a new descriptor without an address text.
pub(super) const DESCRIPTOR: c_uint = SOCKUTIL_NONBLOCK | SOCKUTIL_INHERIT;

/// The flags of a listener at a path.
pub(super) const UNIX_LISTENER: c_uint = DESCRIPTOR | SOCKUTIL_REPLACE;

/// The flags of a lookup.
pub(super) const LOOKUP: c_uint = SOCKUTIL_NUMERIC | SOCKUTIL_IPV4 | SOCKUTIL_IPV6;

/// The flags, taken apart.
pub struct Checked {
    /// The flags of the socket.
    pub socket: Flags,
    /// `SOCKUTIL_NUMERIC`.
    pub numeric: bool,
    /// `AF_INET` for `SOCKUTIL_IPV4`, `AF_INET6` for `SOCKUTIL_IPV6`, else `AF_UNSPEC`.
    pub family: c_int,
}

impl Checked {
    /// How they have a text of host and service looked up.
    pub fn lookup(&self, purpose: Purpose) -> Lookup {
        Lookup { family: self.family, numeric: self.numeric, purpose }
    }
}

/// Refuses unknown bits.
pub fn check(flags: c_uint, known: c_uint) -> Result<Checked, Errno> {
    if flags & !known != 0 {
        return Err(INVALID);
    }
    let has = |bit| flags & bit != 0;
    let family = match (has(SOCKUTIL_IPV4), has(SOCKUTIL_IPV6)) {
        (true, true) => return Err(INVALID),
        (true, false) if has(SOCKUTIL_V6ONLY) => return Err(INVALID),
        (true, false) => libc::AF_INET,
        (false, true) => libc::AF_INET6,
        (false, false) => libc::AF_UNSPEC,
    };
    let socket = Flags {
        reuseaddr: has(SOCKUTIL_REUSEADDR),
        reuseport: has(SOCKUTIL_REUSEPORT),
        v6only: has(SOCKUTIL_V6ONLY) || has(SOCKUTIL_IPV6),
        nonblock: has(SOCKUTIL_NONBLOCK),
        inherit: has(SOCKUTIL_INHERIT),
        replace: has(SOCKUTIL_REPLACE),
    };
    Ok(Checked { socket, numeric: has(SOCKUTIL_NUMERIC), family })
}

/// The same for a listener whose text names TCP or a Unix socket: flags of the other kind are ignored.
pub fn check_listener(flags: c_uint, is_unix: bool) -> Result<Checked, Errno> {
    let others = if is_unix { SOCKUTIL_REUSEPORT | SOCKUTIL_V6ONLY } else { SOCKUTIL_REPLACE };
    check(flags & !others, SERVER | SOCKUTIL_REPLACE)
}
