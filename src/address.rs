//! Addresses as text.

use core::ffi::c_int;
use core::mem;

use errno::Errno;

/// `INET_ADDRSTRLEN` and `INET6_ADDRSTRLEN` count the NUL, which is not part of a [`Text`].
const LONGEST: usize = 45;

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
        match *self {
            Self::V4(address) => text.push_v4(address),
            Self::V6(address) => text.push_v6(address),
        }
        text
    }
}

/// Four decimal numbers of 0 to 255 without leading zeros, dots between them.
fn parse_v4(text: &[u8]) -> Option<[u8; 4]> {
    let mut address = [0; 4];
    let mut parts = text.split(|&c| c == b'.');
    for byte in &mut address {
        *byte = decimal_byte(parts.next()?)?;
    }
    if parts.next().is_some() { None } else { Some(address) }
}

fn decimal_byte(digits: &[u8]) -> Option<u8> {
    if digits.len() > 1 && digits.first() == Some(&b'0') {
        return None;
    }
    let mut value: Option<u8> = None;
    for &c in digits {
        let digit = c.checked_sub(b'0').filter(|d| *d <= 9)?;
        value = Some(value.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
    }
    value
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
            for &byte in b"::ffff:" {
                self.push(byte);
            }
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
