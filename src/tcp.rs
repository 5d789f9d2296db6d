//! TCP sockets that listen, and accept.

use core::ffi::c_int;

use errno::Errno;

use crate::channel::{Channel, Limited};
use crate::resolve::{Failure, Query};
use crate::socket::{self, Flags};
use crate::sys::{self, Address};
use crate::time::Limit;

/// `sockutil_tcp_listen`.
pub fn listen(query: &Query<'_>, backlog: c_int, flags: Flags) -> Result<c_int, Failure> {
    socket::bind_first(query, flags, Some(backlog))
}

/// `sockutil_accept`.
pub fn accept(fd: c_int, flags: Flags, limit: Limit) -> Result<(c_int, Address), Errno> {
    let nonblock = if flags.nonblock { sys::SOCK_NONBLOCK } else { 0 };
    let cloexec = if flags.inherit { 0 } else { sys::SOCK_CLOEXEC };
    let mut channel = Limited::new(fd, limit);
    let mut peer = Address::empty();
    loop {
        match channel.accept(&mut peer, nonblock | cloexec) {
            Err(e) if ended_while_it_waited(e) => channel.go_on()?,
            Ok(fd) if !sys::ACCEPT_NAMES_PEERS && peer.is_empty() => {
                peer = peer_name(fd).inspect_err(|_| _ = sys::close(fd))?;
                if !peer.is_empty() {
                    return Ok((fd, peer));
                }
                let _ = sys::close(fd);
                channel.go_on()?;
            }
            result => return result.map(|fd| (fd, peer)),
        }
    }
}

/// Whether it is an error of a connection, not of the listener: accept(2).
fn ended_while_it_waited(e: Errno) -> bool {
    matches!(
        e.0,
        libc::ECONNABORTED
            | libc::EPROTO
            | libc::ENETDOWN
            | libc::ENOPROTOOPT
            | libc::EHOSTDOWN
            | sys::ENONET
            | libc::EHOSTUNREACH
            | libc::ENETUNREACH
    )
}

/// The address of a peer that accept(2) has not named; an empty one, if the peer has gone since.
fn peer_name(fd: c_int) -> Result<Address, Errno> {
    match sys::getpeername(fd) {
        Err(Errno(libc::ENOTCONN | libc::EINVAL)) => Ok(Address::empty()),
        result => result,
    }
}
