//! Sockets that listen, connect and accept.

use core::ffi::{CStr, c_int};

use errno::Errno;
use libc::timeval;

use crate::address;
use crate::channel::{Channel, Direction, Limited};
use crate::memory::{Buffer, Bytes};
use crate::option;
use crate::resolve::{Addresses, Failure, Found, Query};
use crate::socket::{Socket, uninterrupted};
use crate::sys::{self, Address, Endpoint};
use crate::time::{self, Limit};

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

/// `sockutil_tcp_connect`.
pub fn tcp_connect(query: &Query<'_>, flags: Flags, timeout_ms: c_int) -> Result<c_int, Failure> {
    let found = query.resolve()?;
    // Time counts from here: nobody can bound the resolver's.
    let limit = Limit::from_ms(timeout_ms)?;
    let mut left = found.addresses().count();
    let mut last = Errno(libc::EADDRNOTAVAIL);
    for address in Interleaved::of(&found) {
        // Each address has an equal share of what is left, so that one that is dead leaves time for the others.
        match limit.share(left).and_then(|share| connect_new(&address, flags, share)) {
            Ok(socket) => return Ok(socket.hand_over()),
            Err(e) => last = e,
        }
        left = left.saturating_sub(1);
    }
    Err(last.into())
}

/// The addresses so that the families alternate, the first one's first (RFC 8305, section 4).
struct Interleaved<'a> {
    first: c_int,
    of_first: Addresses<'a>,
    of_others: Addresses<'a>,
    others_next: bool,
}

impl<'a> Interleaved<'a> {
    fn of(found: &'a Found) -> Self {
        let first = found.addresses().next().map_or(libc::AF_UNSPEC, |address| address.family());
        Self { first, of_first: found.addresses(), of_others: found.addresses(), others_next: false }
    }
}

impl Iterator for Interleaved<'_> {
    type Item = Address;

    fn next(&mut self) -> Option<Address> {
        // When one side is used up, the other goes on alone.
        for _ in 0..2 {
            let others = self.others_next;
            self.others_next = !others;
            let side = if others { &mut self.of_others } else { &mut self.of_first };
            let next = side.find(|address| (address.family() != self.first) == others);
            if next.is_some() {
                return next;
            }
        }
        None
    }
}

fn connect_new(address: &Address, flags: Flags, limit: Limit) -> Result<Socket, Errno> {
    let socket = flags.socket(address.family(), libc::SOCK_STREAM)?;
    connect(socket.fd(), address, limit)?;
    // Without a listener, a port that the kernel hands out can be chosen for this very socket, which then meets itself.
    let itself = sys::getsockname(socket.fd()).is_ok_and(|local| address::equal(&local, address));
    if itself { Err(Errno(libc::ECONNREFUSED)) } else { Ok(socket) }
}

/// `sockutil_connect`: the descriptor's own modes are as before when it returns.
pub fn connect(fd: c_int, to: &Address, limit: Limit) -> Result<(), Errno> {
    if to.family() == libc::AF_UNIX {
        return connect_unix(fd, to, limit);
    }
    let result =
        if limit.may_block() { sys::connect(fd, to) } else { with_nonblock(fd, true, || sys::connect(fd, to))? };
    match result {
        Err(Errno(libc::EINPROGRESS)) if matches!(limit, Limit::NoWait) => Err(Errno(libc::EINPROGRESS)),
        // After a signal too the attempt goes on, and another connect would only be told so.
        Err(Errno(libc::EINPROGRESS | libc::EINTR)) => finish_connect(fd, limit),
        result => result,
    }
}

fn finish_connect(fd: c_int, limit: Limit) -> Result<(), Errno> {
    match time::wait(fd, libc::POLLOUT, limit) {
        Err(Errno(libc::EAGAIN)) => Err(Errno(libc::ETIMEDOUT)),
        Err(e) => Err(e),
        Ok(_) => match sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
            0 => Ok(()),
            e => Err(Errno(e)),
        },
    }
}

/// A Unix connect that cannot be done at once leaves nothing behind that goes on: it must be waited for inside the call,
/// and `SO_SNDTIMEO` is what bounds that.
fn connect_unix(fd: c_int, to: &Address, limit: Limit) -> Result<(), Errno> {
    if matches!(limit, Limit::NoWait) {
        return with_nonblock(fd, true, || uninterrupted(|| sys::connect(fd, to)))?;
    }
    let before = sys::socket_timeout(fd, libc::SO_SNDTIMEO)?;
    let result = with_nonblock(fd, false, || {
        loop {
            sys::set_socket_timeout(fd, libc::SO_SNDTIMEO, timeout_of(limit)?)?;
            match sys::connect(fd, to) {
                Err(Errno(libc::EINTR)) => {}
                Err(Errno(libc::EAGAIN)) => return Err(Errno(libc::ETIMEDOUT)),
                result => return result,
            }
        }
    });
    let restored = sys::set_socket_timeout(fd, libc::SO_SNDTIMEO, before);
    result??;
    restored
}

/// What is left, as `SO_SNDTIMEO` wants it, where 0 is for ever.
fn timeout_of(limit: Limit) -> Result<timeval, Errno> {
    let ms = match limit.ms_left()? {
        time::FOREVER => 0,
        0 => return Err(Errno(libc::ETIMEDOUT)),
        ms => ms,
    };
    let (s, us) = (ms.div_euclid(1000), ms.rem_euclid(1000).saturating_mul(1000));
    Ok(timeval { tv_sec: s.into(), tv_usec: us.into() })
}

/// Runs something while `O_NONBLOCK` is as wanted, and puts it back on every path.
fn with_nonblock<T>(fd: c_int, on: bool, call: impl FnOnce() -> T) -> Result<T, Errno> {
    let changed_from = option::set_nonblock(fd, on)?;
    let result = call();
    if let Some(before) = changed_from {
        sys::set_status_flags(fd, before)?;
    }
    Ok(result)
}

/// `sockutil_accept`.
pub fn accept(fd: c_int, flags: Flags, limit: Limit) -> Result<(c_int, Address), Errno> {
    let nonblock = if flags.nonblock { libc::SOCK_NONBLOCK } else { 0 };
    let cloexec = if flags.inherit { 0 } else { libc::SOCK_CLOEXEC };
    let mut channel = Limited::new(fd, limit);
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
            )) => channel.go_on()?,
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
    Limited::new(fd, limit).socket_call(Direction::Out, call)
}

/// `sockutil_recvfrom`: whether the datagram was longer than the buffer.
pub fn recvfrom(fd: c_int, buffer: &mut Buffer<'_>, from: &mut Address, limit: Limit) -> Result<bool, Errno> {
    let call = |fd, flags| sys::recvfrom(fd, buffer, from, flags);
    Limited::new(fd, limit).socket_call(Direction::In, call)
}

/// `sockutil_unix_listen`.
pub fn unix_listen(path: &CStr, backlog: c_int, flags: Flags) -> Result<c_int, Errno> {
    let address = unix_address(path)?;
    let socket = flags.socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
    let is_file = path.to_bytes().first() != Some(&b'@');
    match sys::bind(socket.fd(), &address) {
        Err(Errno(libc::EADDRINUSE)) if is_file && is_stale(path, &address)? => {
            // Another starter may have been quicker, with the unlink or with the bind: the bind tells.
            match sys::unlink(path) {
                Ok(()) | Err(Errno(libc::ENOENT)) => sys::bind(socket.fd(), &address)?,
                Err(e) => return Err(e),
            }
        }
        result => result?,
    }
    if let Err(e) = sys::listen(socket.fd(), backlog) {
        if is_file {
            let _ = sys::unlink(path);
        }
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
    let address = unix_address(path)?;
    let socket = flags.socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
    connect(socket.fd(), &address, limit)?;
    Ok(socket.hand_over())
}

/// What a path to listen or to connect at names. An abstract name of nothing but its '@' is refused: it looks like a
/// name that was left out.
fn unix_address(path: &CStr) -> Result<Address, Errno> {
    match path.to_bytes() {
        b"@" => Err(Errno(libc::EINVAL)),
        bytes => address::parse_unix(bytes),
    }
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
