//! Addresses as text.

use core::ffi::c_int;

use errno::Errno;

use crate::ip::{format_v4, format_v6, parse_v4, parse_v6};
use crate::memory;
use crate::socket::{Socket, uninterrupted};
pub use crate::sys::Address;
use crate::sys::{self, Parts, UNIX_PATH_BYTES};

/// The longest address text: that of a Unix path.
const LONGEST: usize = UNIX_PREFIX.len() + 2 + UNIX_PATH_BYTES;

/// The prefix of an address of the Unix family.
pub const UNIX_PREFIX: &[u8] = b"unix:";

/// The text of one address.
pub struct Text {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Text {
    /// The text, without a NUL.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn new() -> Self {
        Self { bytes: [0; LONGEST], length: 0 }
    }

    /// No address is longer than [`LONGEST`], so nothing is ever cut off.
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length = self.length.saturating_add(1);
        }
    }

    #[inline(never)]
    fn push_all(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.push(byte);
        }
    }

    /// Adds a text: `write` writes it to the memory it gets, and returns its length.
    fn push_with<const N: usize>(&mut self, write: impl FnOnce(&mut [u8; N]) -> usize) {
        if let Some(place) = self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            self.length += write(place);
        }
    }

    #[inline(never)]
    fn push_decimal(&mut self, number: u32) {
        let mut divisor: u32 = 1_000_000_000;
        let mut started = false;
        while let Some(digit) = number.checked_div(divisor) {
            let digit = digit % 10;
            started |= digit != 0 || divisor == 1;
            if started {
                self.push(u8::try_from(digit).unwrap_or_default().wrapping_add(b'0'));
            }
            divisor /= 10;
        }
    }
}

/// A decimal number without leading zeros that fits its type.
pub fn parse_decimal<T: TryFrom<u32>>(digits: &[u8]) -> Option<T> {
    if digits.len() > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    let mut value: Option<u32> = None;
    for &c in digits {
        let digit = c.checked_sub(b'0').filter(|d| *d <= 9)?;
        value = Some(value.unwrap_or(0).checked_mul(10)?.checked_add(digit.into())?);
    }
    T::try_from(value?).ok()
}

/// Reads an address with an optional port; without `default_port`, the text must have a port.
pub fn parse(text: &[u8], default_port: Option<u16>) -> Result<Option<Address>, Errno> {
    if let Some(path) = text.strip_prefix(UNIX_PREFIX) {
        return if path.is_empty() { Ok(None) } else { parse_unix(path).map(Some) };
    }
    let is_v6 = text.first() == Some(&b'[') || text.splitn(3, |c| *c == b':').count() == 3;
    let (ip, port) = if let Some(rest) = text.strip_prefix(b"[") {
        let Some(end) = rest.iter().position(|c| *c == b']') else {
            return Ok(None);
        };
        let (ip, behind) = rest.split_at_checked(end).unwrap_or_default();
        match behind {
            [_] => (ip, default_port),
            [_, b':', digits @ ..] => (ip, parse_decimal(digits)),
            _ => return Ok(None),
        }
    } else {
        match text.iter().position(|c| *c == b':') {
            Some(colon) if !is_v6 => {
                let (ip, behind) = text.split_at_checked(colon).unwrap_or_default();
                (ip, behind.split_first().and_then(|(_, digits)| parse_decimal(digits)))
            }
            _ => (text, default_port),
        }
    };
    match port {
        None => Ok(None),
        Some(port) if is_v6 => parse_zoned(ip, port),
        Some(port) => Ok(parse_v4(ip).map(|ip| Address::v4(ip, port))),
    }
}

/// A literal IPv4 or IPv6 address, with or without a zone, and without a port.
pub fn parse_host(text: &[u8], port: u16) -> Result<Option<Address>, Errno> {
    match parse_v4(text) {
        Some(ip) => Ok(Some(Address::v4(ip, port))),
        None => parse_zoned(text, port),
    }
}

/// The zone of an IPv6 address.
pub enum Zone<'a> {
    /// A number, 0 for none.
    Index(u32),
    /// The name of an interface, which may not exist.
    Name(&'a [u8]),
}

/// An IPv6 address and its zone, without a look at the interfaces.
pub fn split_v6(text: &[u8]) -> Option<([u8; 16], Zone<'_>)> {
    let percent = text.iter().position(|c| *c == b'%').unwrap_or(text.len());
    let (ip, zone) = text.split_at_checked(percent)?;
    let zone = match zone.split_first() {
        None => Zone::Index(0),
        Some((_, [])) => return None,
        Some((_, name)) if name.iter().all(u8::is_ascii_digit) => Zone::Index(parse_decimal(name)?),
        Some((_, name)) => Zone::Name(name),
    };
    Some((parse_v6(ip)?, zone))
}

fn parse_zoned(text: &[u8], port: u16) -> Result<Option<Address>, Errno> {
    let (ip, zone) = match split_v6(text) {
        None => return Ok(None),
        Some((ip, Zone::Index(index))) => (ip, index),
        Some((ip, Zone::Name(name))) => (ip, zone_of(name)?),
    };
    Ok(Some(Address::v6(ip, port, zone)))
}

/// The zone of an interface's name.
fn zone_of(name: &[u8]) -> Result<u32, Errno> {
    let mut terminated = [0; libc::IF_NAMESIZE];
    // Linux's ioctl cuts a name at a colon (for its aliases): "lo:80" would be lo, and a port would be lost.
    if name.len() >= terminated.len() || memory::has(b':', name) {
        return Err(Errno(libc::ENODEV));
    }
    for (place, byte) in terminated.iter_mut().zip(name) {
        *place = *byte;
    }
    sys::if_nametoindex(memory::c_string(&terminated).ok_or(Errno(libc::ENODEV))?)
}

/// The Unix address of a path, or, after an '@', of an abstract name (unix(7)). An empty path is `EINVAL`: the kernel
/// would choose an address.
pub fn parse_unix(path: &[u8]) -> Result<Address, Errno> {
    let mut name = [0; UNIX_PATH_BYTES];
    // A path needs room for its NUL; an abstract name has its NUL in place of the '@'.
    let (is_abstract, longest) = match path.first() {
        None => return Err(Errno(libc::EINVAL)),
        Some(b'@') if !sys::HAS_ABSTRACT_NAMES => return Err(Errno(libc::EINVAL)),
        Some(b'@') => (true, UNIX_PATH_BYTES),
        Some(_) => (false, UNIX_PATH_BYTES - 1),
    };
    let name = name.get_mut(..path.len()).filter(|_| path.len() <= longest).ok_or(Errno(libc::ENAMETOOLONG))?;
    name.copy_from_slice(path);
    if let (true, Some(first)) = (is_abstract, name.first_mut()) {
        *first = 0;
    }
    Address::unix(name).ok_or(Errno(libc::ENAMETOOLONG))
}

/// The text that [`parse`] reads; `EAFNOSUPPORT` for an address without one.
pub fn format(address: &Address) -> Result<Text, Errno> {
    let mut text = Text::new();
    match address.parts().ok_or(Errno(libc::EAFNOSUPPORT))? {
        Parts::V4(ip, port) => {
            text.push_with(|place| format_v4(ip, place));
            text.push(b':');
            text.push_decimal(port.into());
        }
        Parts::V6(ip, port, zone) => {
            text.push(b'[');
            text.push_with(|place| format_v6(ip, place));
            text.push_zone(zone);
            text.push_all(b"]:");
            text.push_decimal(port.into());
        }
        Parts::Unix(path) => text.push_unix(path)?,
    }
    Ok(text)
}

impl Text {
    fn push_zone(&mut self, zone: u32) {
        if zone == 0 {
            return;
        }
        self.push(b'%');
        let found = sys::if_indextoname(zone);
        let name = found.as_ref().and_then(|name| name.split(|c| *c == 0).next()).unwrap_or_default();
        // A name of digits would be read as a number, and a bracket in it as the address's end.
        if name.iter().all(u8::is_ascii_digit) || memory::has(b']', name) {
            self.push_decimal(zone);
        } else {
            self.push_all(name);
        }
    }

    fn push_unix(&mut self, path: &[u8]) -> Result<(), Errno> {
        const NO_TEXT: Errno = Errno(libc::EAFNOSUPPORT);
        self.push_all(UNIX_PREFIX);
        match path.split_first() {
            None => return Err(NO_TEXT),
            Some((0, name)) => {
                // A C string cannot hold a NUL in a name.
                if memory::has(0, name) {
                    return Err(NO_TEXT);
                }
                self.push(b'@');
                self.push_all(name);
            }
            Some((first, _)) => {
                let path = path.split(|c| *c == 0).next().unwrap_or_default();
                // The same file, but not an abstract name.
                let here: &[u8] = if *first == b'@' { b"./" } else { b"" };
                // The kernel takes a path without room for a NUL; parse does not.
                if here.len().saturating_add(path.len()) >= UNIX_PATH_BYTES {
                    return Err(NO_TEXT);
                }
                self.push_all(here);
                self.push_all(path);
            }
        }
        Ok(())
    }
}

/// The port; `EAFNOSUPPORT` for an address without one.
pub fn port(address: &Address) -> Result<u16, Errno> {
    match address.parts() {
        Some(Parts::V4(_, port) | Parts::V6(_, port, _)) => Ok(port),
        _ => Err(Errno(libc::EAFNOSUPPORT)),
    }
}

/// Whether two addresses are the same: family, address, port and zone, or Unix name.
pub fn equal(one: &Address, other: &Address) -> bool {
    match (one.parts(), other.parts()) {
        (Some(Parts::V4(ip, port)), Some(Parts::V4(other_ip, other_port))) => ip == other_ip && port == other_port,
        (Some(Parts::V6(ip, port, zone)), Some(Parts::V6(other_ip, other_port, other_zone))) => {
            ip == other_ip && port == other_port && zone == other_zone
        }
        (Some(Parts::Unix(path)), Some(Parts::Unix(other))) => unix_name(path) == unix_name(other),
        _ => false,
    }
}

/// A path up to its NUL; an abstract name unchanged.
fn unix_name(path: &[u8]) -> &[u8] {
    match path.first() {
        None | Some(0) => path,
        Some(_) => path.split(|c| *c == 0).next().unwrap_or_default(),
    }
}

/// The IPv4 address that an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) stands for, with its port.
pub fn unmap(address: &Address) -> Option<Address> {
    match (address.parts(), unmapped(address)) {
        (Some(Parts::V6(..)), Some(Parts::V4(ip, port))) => Some(Address::v4(ip, port)),
        _ => None,
    }
}

/// The address of this end.
pub fn local(fd: c_int) -> Result<Address, Errno> {
    sys::getsockname(fd)
}

/// The address of the other end.
pub fn peer(fd: c_int) -> Result<Address, Errno> {
    sys::getpeername(fd)
}

/// The local address from which the kernel would send to `peer`; without a port, since the kernel chooses that later.
pub fn source_for(peer: &Address) -> Result<Address, Errno> {
    source_through(0, peer)
}

/// The same, if it sends to an IPv6 peer through this interface; 0 leaves that to the routes.
pub fn source_through(interface: u32, peer: &Address) -> Result<Address, Errno> {
    port(peer)?;
    let socket = Socket::new(peer.family(), libc::SOCK_DGRAM)?;
    if interface != 0 {
        sys::bind_to_interface(socket.fd(), interface)?;
    }
    uninterrupted(|| sys::connect(socket.fd(), peer))?;
    match sys::getsockname(socket.fd())?.parts() {
        Some(Parts::V4(ip, _)) => Ok(Address::v4(ip, 0)),
        Some(Parts::V6(ip, _, zone)) => Ok(Address::v6(ip, 0, zone)),
        _ => Err(Errno(libc::EAFNOSUPPORT)),
    }
}

/// The parts of an address; of an IPv4-mapped one those of the IPv4 address.
pub fn unmapped(address: &Address) -> Option<Parts<'_>> {
    match address.parts()? {
        Parts::V6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d], port, _) => {
            Some(Parts::V4([a, b, c, d], port))
        }
        other => Some(other),
    }
}
