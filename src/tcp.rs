//! TCP sockets that listen, and accept.

use core::ffi::c_int;

use errno::Errno;

use crate::channel::{Channel, Limited};
use crate::resolve::{Failure, Query};
use crate::socket::{self, Flags};
use crate::sys::Address;
use crate::time::Limit;

/// `sockutil_tcp_listen`.
pub fn listen(query: &Query<'_>, backlog: c_int, flags: Flags) -> Result<c_int, Failure> {
    socket::bind_first(query, flags, Some(backlog))
}

/// `sockutil_accept`.
pub fn accept(fd: c_int, flags: Flags, limit: Limit) -> Result<(c_int, Address), Errno> {
    let nonblock = if flags.nonblock { libc::SOCK_NONBLOCK } else { 0 };
    let cloexec = if flags.inherit { 0 } else { libc::SOCK_CLOEXEC };
    let mut channel = Limited::new(fd, limit);
    let mut peer = Address::empty();
    loop {
        match channel.accept(&mut peer, nonblock | cloexec) {
            // Errors of a connection that ended while it waited, not of the listener: accept(2).
            Err(Errno(
                libc::ECONNABORTED
                | libc::EPROTO
                | libc::ENETDOWN
                | libc::ENOPROTOOPT
                | libc::EHOSTDOWN
                | libc::ENONET
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH,
            )) => channel.go_on()?,
            result => return result.map(|fd| (fd, peer)),
        }
    }
}
