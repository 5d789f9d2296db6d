//! Addresses as text.

use core::ffi::{CStr, c_int};
use core::mem;

use errno::Errno;

use crate::socket::{Socket, uninterrupted};
use crate::sys::{self, Address, Endpoint, UNIX_PATH_BYTES};

/// The longest address text: that of a Unix path.
const LONGEST: usize = UNIX_PREFIX.len() + 2 + UNIX_PATH_BYTES;

/// What marks an address of the Unix family.
const UNIX_PREFIX: &[u8] = b"unix:";

/// An address in network order.
pub enum Ip {
    /// `struct in_addr`.
    V4([u8; 4]),
    /// `struct in6_addr`.
    V6([u8; 16]),
}

impl Ip {
    /// The address of family `af` that the text names; `None` when it names none.
    pub fn parse(af: c_int, text: &[u8]) -> Result<Option<Self>, Errno> {
        match af {
            libc::AF_INET => Ok(parse_v4(text).map(Self::V4)),
            libc::AF_INET6 => Ok(parse_v6(text).map(Self::V6)),
            _ => Err(Errno(libc::EAFNOSUPPORT)),
        }
    }

    /// The one text that RFC 5952 allows.
    pub fn format(&self) -> Text {
        let mut text = Text::new();
        text.push_ip(self);
        text
    }
}

/// Four decimal numbers of 0 to 255 without leading zeros, dots between them.
fn parse_v4(text: &[u8]) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let mut parts = text.split(|&c| c == b'.');
    for byte in &mut address {
        *byte = parse_decimal(parts.next()?)?;
    }
    if parts.next().is_some() { None } else { Some(address) }
}

/// The forms of RFC 4291, section 2.2, without a zone.
fn parse_v6(text: &[u8]) -> Option<[u8; 16]> {
    let mut groups = Groups { bytes: [0; 16], used: 0 };
    // The gap is where "::" stands: as many zeros as are missing in the end.
    let mut gap = None;
    let mut rest = text;
    if let [b':', b':', tail @ ..] = text {
        gap = Some(0);
        rest = tail;
    }
    while !rest.is_empty() {
        let length = rest.iter().position(|&c| c == b':').unwrap_or(rest.len());
        let (group, tail) = rest.split_at_checked(length)?;
        match tail {
            // Only what comes last can be dotted.
            [] => {
                if let Some(v4) = parse_v4(group) {
                    groups.push(&v4)?;
                } else {
                    groups.push(&hex_group(group)?)?;
                }
                rest = tail;
            }
            [_, b':', tail @ ..] => {
                groups.push(&hex_group(group)?)?;
                if gap.replace(groups.used).is_some() {
                    return None;
                }
                rest = tail;
            }
            // A colon must be followed by a group.
            [_] => return None,
            [_, tail @ ..] => {
                groups.push(&hex_group(group)?)?;
                rest = tail;
            }
        }
    }
    groups.close(gap)
}

struct Groups {
    bytes: [u8; 16],
    used: usize,
}

impl Groups {
    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.used.checked_add(bytes.len())?;
        self.bytes.get_mut(self.used..end)?.copy_from_slice(bytes);
        self.used = end;
        Some(())
    }

    fn close(mut self, gap: Option<usize>) -> Option<[u8; 16]> {
        let missing = self.bytes.len().checked_sub(self.used)?;
        match gap {
            None if missing > 0 => return None,
            None => {}
            Some(_) if missing == 0 => return None,
            Some(gap) => {
                // What stands behind the gap belongs at the end.
                for index in (gap..self.used).rev() {
                    let byte = mem::take(self.bytes.get_mut(index)?);
                    *self.bytes.get_mut(index.checked_add(missing)?)? = byte;
                }
            }
        }
        Some(self.bytes)
    }
}

fn hex_group(digits: &[u8]) -> Option<[u8; 2]> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    let mut value: u16 = 0;
    for &c in digits {
        let digit = match c {
            b'0'..=b'9' => c.wrapping_sub(b'0'),
            b'a'..=b'f' => c.wrapping_sub(b'a').wrapping_add(10),
            b'A'..=b'F' => c.wrapping_sub(b'A').wrapping_add(10),
            _ => return None,
        };
        value = value << 4 | u16::from(digit);
    }
    Some(value.to_be_bytes())
}

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

    /// No address is longer than [`LONGEST`], so nothing is ever left out.
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length = self.length.saturating_add(1);
        }
    }

    fn push_all(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.push(byte);
        }
    }

    fn push_ip(&mut self, ip: &Ip) {
        match *ip {
            Ip::V4(address) => self.push_v4(address),
            Ip::V6(address) => self.push_v6(address),
        }
    }

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

    fn push_v4(&mut self, address: [u8; 4]) {
        for (index, byte) in address.into_iter().enumerate() {
            if index > 0 {
                self.push(b'.');
            }
            let (hundreds, tens, ones) = (byte / 100, byte / 10 % 10, byte % 10);
            if hundreds > 0 {
                self.push(hundreds.wrapping_add(b'0'));
            }
            if hundreds > 0 || tens > 0 {
                self.push(tens.wrapping_add(b'0'));
            }
            self.push(ones.wrapping_add(b'0'));
        }
    }

    /// Lower case, no leading zeros, "::" for the first of the longest runs of two or more zero groups, and dotted for
    /// IPv4-mapped addresses alone.
    fn push_v6(&mut self, address: [u8; 16]) {
        if let [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] = address {
            self.push_all(b"::ffff:");
            return self.push_v4([a, b, c, d]);
        }
        let mut groups = [0u16; 8];
        for (group, pair) in groups.iter_mut().zip(address.chunks_exact(2)) {
            if let [high, low] = *pair {
                *group = u16::from_be_bytes([high, low]);
            }
        }
        let (gap, length) = longest_zeros(groups);
        let after = gap.saturating_add(length);
        for (index, group) in groups.into_iter().enumerate() {
            if (gap..after).contains(&index) {
                if index == gap {
                    self.push(b':');
                    self.push(b':');
                }
                continue;
            }
            // The gap brings its own colons along.
            if index > 0 && !(length > 0 && index == after) {
                self.push(b':');
            }
            self.push_group(group);
        }
    }

    fn push_group(&mut self, group: u16) {
        let mut started = false;
        for shift in [12, 8, 4, 0] {
            let [_, digit] = (group >> shift & 0xf).to_be_bytes();
            started |= digit != 0 || shift == 0;
            if started {
                self.push(if digit < 10 { digit.wrapping_add(b'0') } else { digit.wrapping_add(b'a' - 10) });
            }
        }
    }
}

/// Where the first of the longest runs of at least two zero groups begins, and how long it is; 0 when there is none.
fn longest_zeros(groups: [u16; 8]) -> (usize, usize) {
    let mut best = (0, 0);
    let mut run: usize = 0;
    for (index, group) in groups.into_iter().enumerate() {
        run = if group == 0 { run.saturating_add(1) } else { 0 };
        if run >= 2 && run > best.1 {
            best = (index.saturating_add(1).saturating_sub(run), run);
        }
    }
    best
}

/// A number: decimal, without leading zeros, and no more than its type holds.
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

/// The address that a text with an optional port names; without `default_port`, the text must name one.
pub fn parse(text: &[u8], default_port: Option<u16>) -> Result<Option<Address>, Errno> {
    if let Some(name) = text.strip_prefix(UNIX_PREFIX) {
        return parse_unix(name);
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

/// A literal IPv4 or IPv6 address, with a zone perhaps, and no port in its text.
pub fn parse_host(text: &[u8], port: u16) -> Result<Option<Address>, Errno> {
    match parse_v4(text) {
        Some(ip) => Ok(Some(Address::v4(ip, port))),
        None => parse_zoned(text, port),
    }
}

fn parse_zoned(text: &[u8], port: u16) -> Result<Option<Address>, Errno> {
    let percent = text.iter().position(|c| *c == b'%').unwrap_or(text.len());
    let (ip, zone) = text.split_at_checked(percent).unwrap_or_default();
    let Some(ip) = parse_v6(ip) else {
        return Ok(None);
    };
    let zone = match zone.split_first() {
        None => 0,
        Some((_, [])) => return Ok(None),
        Some((_, name)) if name.iter().all(u8::is_ascii_digit) => match parse_decimal(name) {
            Some(number) => number,
            None => return Ok(None),
        },
        Some((_, name)) => zone_of(name)?,
    };
    Ok(Some(Address::v6(ip, port, zone)))
}

/// The zone of an interface's name.
fn zone_of(name: &[u8]) -> Result<u32, Errno> {
    let mut terminated = [0; libc::IF_NAMESIZE];
    // Linux's ioctl cuts a name off at a colon, for its aliases: "lo:80" would be lo, and a port would be lost.
    if name.len() >= terminated.len() || name.contains(&b':') {
        return Err(Errno(libc::ENODEV));
    }
    for (place, byte) in terminated.iter_mut().zip(name) {
        *place = *byte;
    }
    sys::if_nametoindex(CStr::from_bytes_until_nul(&terminated).map_err(|_| Errno(libc::ENODEV))?)
}

/// A path, or behind an @ an abstract name.
fn parse_unix(name: &[u8]) -> Result<Option<Address>, Errno> {
    if name.is_empty() {
        return Ok(None);
    }
    let mut path = [0; UNIX_PATH_BYTES];
    // A path keeps one place for its NUL; a name has none behind it, but one before it, in the @'s place.
    let longest = if name.first() == Some(&b'@') { UNIX_PATH_BYTES } else { UNIX_PATH_BYTES - 1 };
    if name.len() > longest {
        return Err(Errno(libc::ENAMETOOLONG));
    }
    for (place, byte) in path.iter_mut().zip(name) {
        *place = *byte;
    }
    if let [first @ b'@', ..] = &mut path {
        *first = 0;
    }
    Ok(path.get(..name.len()).and_then(Address::unix))
}

/// The text that [`parse`] reads; `EAFNOSUPPORT` for what has none.
pub fn format(address: &Address) -> Result<Text, Errno> {
    let mut text = Text::new();
    match address.endpoint().ok_or(Errno(libc::EAFNOSUPPORT))? {
        Endpoint::V4(ip, port) => {
            text.push_v4(ip);
            text.push(b':');
            text.push_decimal(port.into());
        }
        Endpoint::V6(ip, port, zone) => {
            text.push(b'[');
            text.push_v6(ip);
            text.push_zone(zone);
            text.push_all(b"]:");
            text.push_decimal(port.into());
        }
        Endpoint::Unix(path) => text.push_unix(path)?,
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
        if name.iter().all(u8::is_ascii_digit) || name.contains(&b']') {
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
                // A NUL in a name has no place in a C string.
                if name.contains(&0) {
                    return Err(NO_TEXT);
                }
                self.push(b'@');
                self.push_all(name);
            }
            Some((first, _)) => {
                let path = path.split(|c| *c == 0).next().unwrap_or_default();
                // The same file, told from an abstract name.
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

/// The port; `EAFNOSUPPORT` for an address that has none.
pub fn port(address: &Address) -> Result<u16, Errno> {
    match address.endpoint() {
        Some(Endpoint::V4(_, port) | Endpoint::V6(_, port, _)) => Ok(port),
        _ => Err(Errno(libc::EAFNOSUPPORT)),
    }
}

/// Whether two addresses are the same: family, address, port and zone, or Unix name.
pub fn equal(one: &Address, other: &Address) -> bool {
    match (one.endpoint(), other.endpoint()) {
        (Some(Endpoint::V4(ip, port)), Some(Endpoint::V4(other_ip, other_port))) => {
            ip == other_ip && port == other_port
        }
        (Some(Endpoint::V6(ip, port, zone)), Some(Endpoint::V6(other_ip, other_port, other_zone))) => {
            ip == other_ip && port == other_port && zone == other_zone
        }
        (Some(Endpoint::Unix(path)), Some(Endpoint::Unix(other))) => unix_name(path) == unix_name(other),
        _ => false,
    }
}

/// A path without what is behind its NUL; an abstract name as it is.
fn unix_name(path: &[u8]) -> &[u8] {
    match path.first() {
        None | Some(0) => path,
        Some(_) => path.split(|c| *c == 0).next().unwrap_or_default(),
    }
}

/// The local address from which the kernel would send to `peer`; without a port, which it would choose then.
pub fn source_for(peer: &Address) -> Result<Address, Errno> {
    port(peer)?;
    let socket = Socket::new(peer.family(), libc::SOCK_DGRAM)?;
    uninterrupted(|| sys::connect(socket.fd(), peer))?;
    match sys::getsockname(socket.fd())?.endpoint() {
        Some(Endpoint::V4(ip, _)) => Ok(Address::v4(ip, 0)),
        Some(Endpoint::V6(ip, _, zone)) => Ok(Address::v6(ip, 0, zone)),
        _ => Err(Errno(libc::EAFNOSUPPORT)),
    }
}
