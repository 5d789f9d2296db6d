//! UDP sockets.

use core::ffi::c_int;

use errno::Errno;

use crate::address::{source_through, unmapped};
use crate::channel::{Direction, Limited};
use crate::memory::{Buffer, Bytes};
use crate::resolve::{Failure, Query};
use crate::socket::{self, Flags, uninterrupted};
use crate::sys::{self, Address, PacketInfo, Parts};
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
    match uninterrupted(|| sys::connect(fd, &Address::unspecified())) {
        // It is disconnected, and then fails for the missing family or the length.
        Err(Errno(libc::EAFNOSUPPORT | libc::EINVAL)) if !sys::DISCONNECT_SUCCEEDS => Ok(()),
        result => result,
    }
}

/// `sockutil_sendto`.
pub fn sendto(fd: c_int, bytes: Bytes<'_>, to: Option<&Address>, limit: Limit) -> Result<usize, Errno> {
    let call = |fd, flags, _| sys::sendto(fd, bytes, to, flags | libc::MSG_NOSIGNAL);
    Limited::new(fd, limit).socket_call(Direction::Out, call)
}

/// `sockutil_recvfrom`. Stores in `cut` whether the datagram was longer than the buffer: only recvmsg(2) reports that,
/// and it costs a quarter more than recvfrom(2).
pub fn recvfrom(
    fd: c_int,
    buffer: &mut Buffer<'_>,
    from: &mut Address,
    mut cut: Option<&mut bool>,
    limit: Limit,
) -> Result<(), Errno> {
    let call = |fd, flags, _| {
        match cut.as_deref_mut() {
            Some(cut) => *cut = sys::recvmsg(fd, buffer, from, flags)?,
            None => _ = sys::recvfrom(fd, buffer, from, flags)?,
        }
        Ok(())
    };
    Limited::new(fd, limit).socket_call(Direction::In, call)
}

/// `sockutil_set_pktinfo`. An IPv6 socket needs both options: `IPV6_RECVPKTINFO` reports no address that a datagram of
/// IPv4 can be answered from, `IP_PKTINFO` nothing about one of IPv6.
pub fn set_pktinfo(fd: c_int, on: bool) -> Result<(), Errno> {
    let on = c_int::from(on);
    let v4 = || sys::set_pktinfo_v4(fd, on);
    match sys::family(fd)? {
        libc::AF_INET => v4(),
        libc::AF_INET6 => {
            sys::setsockopt_int(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, on)?;
            match v4() {
                // A raw socket has no options of IPv4, since it gets no datagrams of IPv4.
                Err(Errno(libc::ENOPROTOOPT)) => Ok(()),
                result => result,
            }
        }
        _ => Err(Errno(libc::EAFNOSUPPORT)),
    }
}

/// What `sockutil_recvfrom_at` returns beside the bytes and the sender.
pub struct Arrival {
    /// Whether the datagram was longer than the buffer.
    pub cut: bool,
    info: Option<PacketInfo>,
}

/// `sockutil_recvfrom_at`.
pub fn recvfrom_at(fd: c_int, buffer: &mut Buffer<'_>, from: &mut Address, limit: Limit) -> Result<Arrival, Errno> {
    let call = |fd, flags, _| sys::recvfrom_at(fd, buffer, from, flags);
    let (cut, info) = Limited::new(fd, limit).socket_call(Direction::In, call)?;
    Ok(Arrival { cut, info })
}

impl Arrival {
    /// The interface that it came by, 0 if the kernel did not say.
    pub fn interface(&self) -> u32 {
        match self.info {
            Some(PacketInfo::V4(_, interface) | PacketInfo::V6(_, interface)) => interface,
            None => 0,
        }
    }

    /// An address to answer the sender from, of the sender's family; of no family if there is none.
    pub fn at(&self, from: &Address) -> Address {
        let found = match self.info {
            // Nothing is known of a datagram that was queued before set_pktinfo; an interface may have no address.
            Some(PacketInfo::V4([0, 0, 0, 0], _)) | None => None,
            Some(PacketInfo::V4(ip, _)) if from.family() == libc::AF_INET6 => Some(mapped(ip)),
            Some(PacketInfo::V4(ip, _)) => Some(Address::v4(ip, 0)),
            // A datagram of IPv4 without IP_PKTINFO: its own address may be a broadcast address.
            Some(PacketInfo::V6(ip, _)) if matches!(unmapped(&Address::v6(ip, 0, 0)), Some(Parts::V4(..))) => None,
            // Of a group the kernel names no address to answer from; it names one for a socket that connects.
            Some(PacketInfo::V6([0xff, ..], interface)) => source_through(interface, from).ok(),
            Some(PacketInfo::V6(ip, interface)) => {
                Some(Address::v6(ip, 0, if is_link_local(ip) { interface } else { 0 }))
            }
        };
        found.unwrap_or_else(Address::unspecified)
    }
}

/// An IPv4 address as an IPv6 socket has it.
fn mapped([a, b, c, d]: [u8; 4]) -> Address {
    Address::v6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d], 0, 0)
}

/// fe80::/10.
fn is_link_local(ip: [u8; 16]) -> bool {
    matches!(ip, [0xfe, 0x80..=0xbf, ..])
}

/// `sockutil_sendto_from`.
pub fn sendto_from(
    fd: c_int,
    bytes: Bytes<'_>,
    to: Option<&Address>,
    at: Option<&Address>,
    interface: u32,
    limit: Limit,
) -> Result<usize, Errno> {
    let at = at.filter(|at| at.family() != libc::AF_UNSPEC);
    if at.is_none() && interface == 0 {
        return sendto(fd, bytes, to, limit);
    }
    let peer = match to {
        Some(to) => *to,
        None => match sys::getpeername(fd) {
            // Without a peer: EDESTADDRREQ.
            Err(Errno(libc::ENOTCONN)) => return sendto(fd, bytes, to, limit),
            peer => peer?,
        },
    };
    let source = source(&peer, at, interface).ok_or(Errno(libc::EINVAL))?;
    let call = |fd, flags, _| sys::sendto_from(fd, bytes, to, source, flags | libc::MSG_NOSIGNAL);
    Limited::new(fd, limit).socket_call(Direction::Out, call)
}

/// The control message for a datagram to `peer`. The kernel ignores one of the other family, so the IPv4 address that an
/// IPv4-mapped one stands for decides; `None` if the families differ.
fn source(peer: &Address, at: Option<&Address>, interface: u32) -> Option<PacketInfo> {
    match (unmapped(peer)?, at.map(unmapped)) {
        _ if at.is_some_and(|at| at.family() != peer.family()) => None,
        (Parts::V4(..), None) => Some(PacketInfo::V4([0; 4], interface)),
        (Parts::V4(..), Some(Some(Parts::V4(ip, _)))) => Some(PacketInfo::V4(ip, interface)),
        (Parts::V6(..), None) => Some(PacketInfo::V6([0; 16], interface)),
        (Parts::V6(..), Some(Some(Parts::V6(ip, _, zone)))) => {
            Some(PacketInfo::V6(ip, if interface == 0 { zone } else { interface }))
        }
        _ => None,
    }
}
