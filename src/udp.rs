//! UDP sockets.

use core::ffi::c_int;

use errno::Errno;

use crate::channel::{Direction, Limited};
use crate::memory::{Buffer, Bytes};
use crate::resolve::{Failure, Query};
use crate::socket::{self, Flags, uninterrupted};
use crate::sys::{self, Address};
use crate::time::Limit;

/// `sockutil_udp_bind`.
pub fn bind(query: &Query<'_>, flags: Flags) -> Result<c_int, Failure> {
    socket::bind_first(query, flags, None)
}

/// `sockutil_udp_connect`.
pub fn connect(query: &Query<'_>, flags: Flags) -> Result<c_int, Failure> {
    let mut last = Errno(libc::EADDRNOTAVAIL);
    for address in query.resolve()?.addresses() {
        let connected = flags.socket(address.family(), libc::SOCK_DGRAM).and_then(|socket| {
            uninterrupted(|| sys::connect(socket.fd(), &address))?;
            Ok(socket)
        });
        match connected {
            Ok(socket) => return Ok(socket.hand_over()),
            Err(e) => last = e,
        }
    }
    Err(last.into())
}

/// `sockutil_udp_disconnect`. On a stream socket the same call would abort the connection.
pub fn disconnect(fd: c_int) -> Result<(), Errno> {
    if sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_TYPE)? != libc::SOCK_DGRAM {
        return Err(Errno(libc::EPROTOTYPE));
    }
    uninterrupted(|| sys::connect(fd, &Address::unspecified()))
}

/// `sockutil_sendto`.
pub fn sendto(fd: c_int, bytes: Bytes<'_>, to: Option<&Address>, limit: Limit) -> Result<usize, Errno> {
    let call = |fd, flags| sys::sendto(fd, bytes, to, flags | libc::MSG_NOSIGNAL);
    Limited::new(fd, limit).socket_call(Direction::Out, call)
}

/// `sockutil_recvfrom`: whether the datagram was longer than the buffer.
pub fn recvfrom(fd: c_int, buffer: &mut Buffer<'_>, from: &mut Address, limit: Limit) -> Result<bool, Errno> {
    let call = |fd, flags| sys::recvfrom(fd, buffer, from, flags);
    Limited::new(fd, limit).socket_call(Direction::In, call)
}
