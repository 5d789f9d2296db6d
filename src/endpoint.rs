//! Sockets that listen and accept, those of UDP and of paths.

use core::ffi::{CStr, c_int};

use errno::Errno;

use crate::channel::{Channel, Direction};
use crate::connect;
use crate::resolve::{Failure, Query};
use crate::socket::{Socket, uninterrupted};
use crate::sys::{self, Address, Buffer, Bytes, Endpoint};
use crate::time::Limit;

/// What the flags of the C functions ask for.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent, as the flags are")]
pub struct Flags {
    /// `SOCKUTIL_REUSEPORT`.
    pub reuseport: bool,
    /// `SOCKUTIL_V6ONLY`.
    pub v6only: bool,
    /// `SOCKUTIL_NONBLOCK`.
    pub nonblock: bool,
    /// `SOCKUTIL_INHERIT`.
    pub inherit: bool,
}

impl Flags {
    fn socket(self, family: c_int, kind: c_int) -> Result<Socket, Errno> {
        let nonblock = if self.nonblock { libc::SOCK_NONBLOCK } else { 0 };
        Socket::open(family, kind | nonblock, self.inherit)
    }
}

/// `sockutil_tcp_listen`.
pub fn tcp_listen(query: &Query<'_>, backlog: c_int, flags: Flags) -> Result<c_int, Failure> {
    bind_first(query, flags, Some(backlog))
}

/// `sockutil_udp_bind`.
pub fn udp_bind(query: &Query<'_>, flags: Flags) -> Result<c_int, Failure> {
    bind_first(query, flags, None)
}

/// Binds to the first address that this host has. One that is taken is told, not passed over: a server that listens on
/// half of its name would be a surprise.
fn bind_first(query: &Query<'_>, flags: Flags, backlog: Option<c_int>) -> Result<c_int, Failure> {
    let mut last = Errno(libc::EAFNOSUPPORT);
    for address in query.resolve()?.addresses() {
        if flags.v6only && address.family() != libc::AF_INET6 {
            continue;
        }
        match bind_one(&address, query.kind, flags, backlog) {
            Err(e @ Errno(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL | libc::EPROTONOSUPPORT)) => last = e,
            result => return Ok(result?.hand_over()),
        }
    }
    Err(last.into())
}

fn bind_one(address: &Address, kind: c_int, flags: Flags, backlog: Option<c_int>) -> Result<Socket, Errno> {
    let socket = flags.socket(address.family(), kind)?;
    let fd = socket.fd();
    if kind == libc::SOCK_STREAM {
        sys::setsockopt_int(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    }
    if flags.reuseport {
        sys::setsockopt_int(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
    }
    if address.family() == libc::AF_INET6 {
        // The default is the administrator's (bindv6only), so it is always said.
        sys::setsockopt_int(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, c_int::from(flags.v6only))?;
    }
    sys::bind(fd, address)?;
    if let Some(backlog) = backlog {
        sys::listen(fd, backlog)?;
    }
    Ok(socket)
}

/// `sockutil_accept`.
pub fn accept(fd: c_int, flags: Flags, limit: Limit) -> Result<(c_int, Address), Errno> {
    let nonblock = if flags.nonblock { libc::SOCK_NONBLOCK } else { 0 };
    let cloexec = if flags.inherit { 0 } else { libc::SOCK_CLOEXEC };
    let mut channel = Channel::new(fd, limit);
    let mut peer = Address::empty();
    loop {
        match channel.accept(&mut peer, nonblock | cloexec) {
            // Each belongs to a connection that went away while it waited, none to the listener: accept(2).
            Err(Errno(
                libc::ECONNABORTED
                | libc::EPROTO
                | libc::ENETDOWN
                | libc::ENOPROTOOPT
                | libc::EHOSTDOWN
                | libc::ENONET
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH,
            )) => channel.check_time()?,
            result => return result.map(|fd| (fd, peer)),
        }
    }
}

/// `sockutil_udp_connect`.
pub fn udp_connect(query: &Query<'_>, flags: Flags) -> Result<c_int, Failure> {
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

/// `sockutil_udp_disconnect`. To a stream socket the same call would be an abort.
pub fn udp_disconnect(fd: c_int) -> Result<(), Errno> {
    if sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_TYPE)? != libc::SOCK_DGRAM {
        return Err(Errno(libc::EPROTOTYPE));
    }
    uninterrupted(|| sys::connect(fd, &Address::unspecified()))
}

/// `sockutil_sendto`.
pub fn sendto(fd: c_int, bytes: Bytes<'_>, to: Option<&Address>, limit: Limit) -> Result<usize, Errno> {
    let call = |fd, flags| sys::sendto(fd, bytes, to, flags | libc::MSG_NOSIGNAL);
    Channel::new(fd, limit).socket_call(Direction::Out, call)
}

/// `sockutil_recvfrom`: whether the datagram was longer than the buffer.
pub fn recvfrom(fd: c_int, buffer: &mut Buffer<'_>, from: &mut Address, limit: Limit) -> Result<bool, Errno> {
    let call = |fd, flags| sys::recvfrom(fd, buffer, from, flags);
    Channel::new(fd, limit).socket_call(Direction::In, call)
}

/// `sockutil_unix_listen`.
pub fn unix_listen(path: &CStr, backlog: c_int, flags: Flags) -> Result<c_int, Errno> {
    let address = unix_address(path)?;
    let socket = flags.socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
    match sys::bind(socket.fd(), &address) {
        Err(Errno(libc::EADDRINUSE)) if is_stale(path, &address)? => {
            // Another starter may have been quicker, with the unlink or with the bind: the bind tells.
            match sys::unlink(path) {
                Ok(()) | Err(Errno(libc::ENOENT)) => sys::bind(socket.fd(), &address)?,
                Err(e) => return Err(e),
            }
        }
        result => result?,
    }
    if let Err(e) = sys::listen(socket.fd(), backlog) {
        let _ = sys::unlink(path);
        return Err(e);
    }
    Ok(socket.hand_over())
}

/// Whether the path is a socket's that nobody listens on any more. In doubt somebody does.
fn is_stale(path: &CStr, address: &Address) -> Result<bool, Errno> {
    match sys::is_socket_file(path) {
        Ok(true) => {}
        Ok(false) => return Ok(false),
        Err(Errno(libc::ENOENT)) => return Ok(true),
        Err(e) => return Err(e),
    }
    let probe = Socket::new(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_NONBLOCK)?;
    let answer = sys::connect(probe.fd(), address);
    Ok(matches!(answer, Err(Errno(libc::ECONNREFUSED | libc::ENOENT))))
}

/// `sockutil_unix_connect`.
pub fn unix_connect(path: &CStr, flags: Flags, limit: Limit) -> Result<c_int, Errno> {
    connect::unix_connect(&unix_address(path)?, flags, limit)
}

fn unix_address(path: &CStr) -> Result<Address, Errno> {
    let bytes = path.to_bytes();
    // An empty path would be an address that the kernel chooses.
    if bytes.is_empty() {
        return Err(Errno(libc::EINVAL));
    }
    let fits = bytes.len() < sys::UNIX_PATH_BYTES;
    Some(bytes).filter(|_| fits).and_then(Address::unix).ok_or(Errno(libc::ENAMETOOLONG))
}

/// What an address says, without the difference between IPv4 and IPv4 in IPv6's clothes.
pub fn unmapped(address: &Address) -> Option<Endpoint<'_>> {
    match address.endpoint()? {
        Endpoint::V6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d], port, _) => {
            Some(Endpoint::V4([a, b, c, d], port))
        }
        other => Some(other),
    }
}
