//! The kernel's state of a TCP connection.

use core::ffi::c_int;

use errno::Errno;

use crate::address::unmapped;
use crate::socket::{Socket, uninterrupted};
use crate::sys::{self, Address, Parts, TcpEnds};

/// `TCP_CLOSE`.
pub const CLOSED: u8 = 7;

const SYN_RECV: u8 = 3;

/// A connection that waits for the last step of its handshake; another state than `TCP_SYN_RECV` only inside the
/// kernel.
const NEW_SYN_RECV: u8 = 12;

/// `sockutil_tcp_state`.
pub fn of_descriptor(fd: c_int) -> Result<u8, Errno> {
    sys::tcp_state(fd).map(public)
}

/// `sockutil_tcp_state_between`.
pub fn between(local: &Address, peer: &Address) -> Result<u8, Errno> {
    const NO_FAMILY: Errno = Errno(libc::EAFNOSUPPORT);
    let query = match (unmapped(local).ok_or(NO_FAMILY)?, unmapped(peer).ok_or(NO_FAMILY)?) {
        (Parts::V4(local, local_port), Parts::V4(peer, peer_port)) => {
            TcpEnds { family: libc::AF_INET, local: v4(local), local_port, peer: v4(peer), peer_port, zone: 0 }
        }
        (Parts::V6(local, local_port, zone), Parts::V6(peer, peer_port, other)) => {
            TcpEnds { family: libc::AF_INET6, local, local_port, peer, peer_port, zone: zone.max(other) }
        }
        (Parts::Unix(_), _) | (_, Parts::Unix(_)) => return Err(NO_FAMILY),
        // No connection has one end in each family.
        _ => return Ok(CLOSED),
    };
    ask(&query).map_err(|e| match e {
        // No netlink, or no sock_diag in it.
        Errno(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::EOPNOTSUPP) => Errno(libc::ENOTSUP),
        e => e,
    })
}

fn ask(query: &TcpEnds) -> Result<u8, Errno> {
    let socket = Socket::open_diag()?;
    uninterrupted(|| sys::send_diag(socket.fd(), query))?;
    let found = uninterrupted(|| sys::recv_diag(socket.fd(), query))?;
    Ok(found.map_or(CLOSED, public))
}

fn v4(ip: [u8; 4]) -> [u8; 16] {
    let mut address = [0; 16];
    for (place, byte) in address.iter_mut().zip(ip) {
        *place = byte;
    }
    address
}

fn public(state: u8) -> u8 {
    if state == NEW_SYN_RECV { SYN_RECV } else { state }
}
