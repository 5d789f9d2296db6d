//! IP addresses as text: RFC 4291 to read, RFC 5952 to write.
//!
//! How many digits a number has is hard to foresee, and a processor that foresees it wrongly loses more time than the
//! rest takes. So what separates the numbers is found first, and a number's digits are worked on together, as bytes of
//! one word, however many there are.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", a digit would cost a call")]

use core::ffi::c_int;
use core::ops::Range;

use errno::Errno;

/// Every byte is 1.
const ONES: u32 = 0x0101_0101;
/// Four times '0'.
const ZEROS: u32 = 0x3030_3030;

/// The longest text of an IPv4 address.
const LONGEST_V4: usize = "255.255.255.255".len();
/// The longest text of an IPv6 address, which is never written: with eight groups it is shorter.
const LONGEST_V6: usize = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255".len();

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
}

/// Four decimal numbers of 0 to 255 without leading zeros, dots between them.
pub fn parse_v4(text: &[u8]) -> Option<[u8; 4]> {
    let mut dots = places(b'.', text, LONGEST_V4)?;
    let mut address: u32 = 0;
    let mut start = 0;
    for _ in 0..3 {
        let end = first(dots)?;
        dots &= dots.wrapping_sub(1);
        address = address << 8 | octet(text, start, end)?;
        start = end.wrapping_add(1);
    }
    // A dot that is left over is none of the last number's digits.
    Some((address << 8 | octet(text, start, text.len())?).to_be_bytes())
}

/// The forms of RFC 4291, section 2.2, without a zone.
pub fn parse_v6(text: &[u8]) -> Option<[u8; 16]> {
    let mut colons = places(b':', text, LONGEST_V6)?;
    // The groups so far, the last of them lowest.
    let mut groups: u128 = 0;
    let mut used: u32 = 0;
    // The gap is where "::" stands: as many zeros as are missing in the end.
    let mut gap = None;
    let mut start = 0;
    if text.starts_with(b"::") {
        gap = Some(0);
        start = 2;
        colons &= colons.wrapping_sub(1);
        colons &= colons.wrapping_sub(1);
    }
    while start < text.len() {
        let end = first(colons).unwrap_or(text.len());
        colons &= colons.wrapping_sub(1);
        if end == start && start > 0 {
            // The second colon in a row.
            if gap.replace(used).is_some() {
                return None;
            }
        } else if let Some(group) = group(text, start, end) {
            groups = groups << 16 | u128::from(group);
            used = used.wrapping_add(1);
            // A colon must be followed by something.
            if end.wrapping_add(1) == text.len() {
                return None;
            }
        } else {
            // Only what comes last can be dotted.
            if end < text.len() {
                return None;
            }
            groups = groups << 32 | u128::from(u32::from_be_bytes(parse_v4(text.get(start..)?)?));
            used = used.wrapping_add(2);
        }
        start = end.wrapping_add(1);
    }
    let missing = u32::checked_sub(8, used)?;
    // "::" stands for one group of zeros at least, and without it none may be missing.
    let behind = match gap {
        Some(gap) if missing > 0 => used.wrapping_sub(gap).wrapping_mul(16),
        None if missing == 0 => 0,
        _ => return None,
    };
    let before = groups >> behind;
    let zeros = missing.wrapping_mul(16);
    Some((before.wrapping_shl(behind).wrapping_shl(zeros) | groups & !(u128::MAX << behind)).to_be_bytes())
}

/// Where a byte is in a text of at most `longest`: bit i stands for byte i. `None` for one that is too long.
#[inline(always)]
fn places(byte: u8, text: &[u8], longest: usize) -> Option<u64> {
    if text.len() > longest {
        return None;
    }
    let mut places = 0;
    let mut words = text.chunks_exact(8);
    let mut at: u32 = 0;
    for word in &mut words {
        places |= places_in_word(byte, u64::from_le_bytes(*word.first_chunk()?)) << at;
        at = at.wrapping_add(8);
    }
    if let Some(last) = text.last_chunk() {
        // The last eight once more: what was seen before is only seen again.
        let at = text.len().wrapping_sub(8);
        places |= places_in_word(byte, u64::from_le_bytes(*last)) << at;
    } else {
        for (index, &other) in text.iter().enumerate() {
            places |= u64::from(other == byte) << index;
        }
    }
    Some(places)
}

/// Where a byte is among eight, the first of which is the lowest.
#[inline(always)]
fn places_in_word(byte: u8, word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const ALL_BUT_HIGHEST: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    // Bytes that are the one become 0, and of them alone no bit reaches the highest place.
    let difference = word ^ ONES.wrapping_mul(byte.into());
    let differs = (difference & ALL_BUT_HIGHEST).wrapping_add(ALL_BUT_HIGHEST) | difference;
    // One bit from each byte, and the bits side by side.
    ((!differs >> 7) & ONES).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// The index of the first place.
#[inline(always)]
fn first(places: u64) -> Option<usize> {
    if places == 0 { None } else { usize::try_from(places.trailing_zeros()).ok() }
}

/// The one to four bytes of the text from `start` to `end`, the last of them lowest, with '0' before them.
#[inline(always)]
fn digits(text: &[u8], start: usize, end: usize) -> Option<u32> {
    let count = end.wrapping_sub(start);
    if !(1..=4).contains(&count) {
        return None;
    }
    let unused = usize::wrapping_sub(4, count).wrapping_mul(8);
    let word = if let Some(bytes) = text.get(start..)?.first_chunk() {
        u32::from_be_bytes(*bytes) >> unused
    } else if let Some(bytes) = text.last_chunk() {
        let behind = text.len().wrapping_sub(end).wrapping_mul(8);
        (u32::from_be_bytes(*bytes) >> behind) & (u32::MAX >> unused)
    } else {
        text.get(start..end)?.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
    };
    Some(word | (ZEROS & !(u32::MAX >> unused)))
}

/// A decimal number.
#[inline(always)]
fn octet(text: &[u8], start: usize, end: usize) -> Option<u32> {
    // The least number of so many digits: none begins with a 0 but 0 itself.
    let least = *[u32::MAX, 0, 10, 100].get(end.wrapping_sub(start))?;
    let digits = digits(text, start, end)? ^ ZEROS;
    // A byte above 9 has its highest bit, or gets it, or its neighbour does who is too high.
    if (digits.wrapping_add(ONES.wrapping_mul(0x76)) | digits) & ONES << 7 != 0 {
        return None;
    }
    let [_, hundreds, tens, ones] = digits.to_be_bytes().map(u32::from);
    let value = hundreds.wrapping_mul(100).wrapping_add(tens.wrapping_mul(10)).wrapping_add(ones);
    if value < least || value > 255 { None } else { Some(value) }
}

/// A hexadecimal number of one to four digits, upper or lower case.
#[inline(always)]
fn group(text: &[u8], start: usize, end: usize) -> Option<u16> {
    let digits = digits(text, start, end)?;
    // Letters have a bit that figures have not; with another they are lower case.
    let letters = digits >> 6 & ONES;
    let values = (digits & ONES.wrapping_mul(15)).wrapping_add(letters.wrapping_mul(9));
    if values & ONES.wrapping_mul(0xf0) != 0 || hexadecimal(values) != digits | letters << 5 {
        return None;
    }
    let pairs = (values >> 4 | values) & 0x00ff_00ff;
    let [_, _, high, low] = (pairs >> 8 | pairs).to_be_bytes();
    Some(u16::from_be_bytes([high, low]))
}

/// The lower-case digits of four values of 0 to 15.
#[inline(always)]
fn hexadecimal(values: u32) -> u32 {
    const TO_LETTERS: u32 = 0x27;
    let letters = values.wrapping_add(ONES.wrapping_mul(6)) >> 4 & ONES;
    values.wrapping_add(ZEROS).wrapping_add(letters.wrapping_mul(TO_LETTERS))
}

/// The text of an IPv4 address, the first byte lowest, NULs behind it. In registers, where no part of it waits until
/// another has been stored.
#[derive(Clone, Copy)]
pub struct TextV4 {
    text: u128,
    bits: u32,
}

impl TextV4 {
    /// The text of an address.
    #[inline(always)]
    pub fn new(address: [u8; 4]) -> Self {
        let mut text: u128 = 0;
        let mut bits: u32 = 0;
        for byte in address {
            text |= u128::from(DECIMALS.get(usize::from(byte)).copied().unwrap_or_default()).wrapping_shl(bits);
            let digits = 1_u32.wrapping_add((byte > 9).into()).wrapping_add((byte > 99).into());
            bits = bits.wrapping_add(digits.wrapping_add(1).wrapping_mul(8));
        }
        // Without the last dot.
        let bits = bits.wrapping_sub(8);
        Self { text: text & !u128::MAX.wrapping_shl(bits), bits }
    }

    /// How long it is, without a NUL.
    #[inline(always)]
    pub fn len(self) -> usize {
        usize::try_from(self.bits.wrapping_div(8)).unwrap_or_default()
    }

    /// The text and a NUL, which are eight bytes at least: the first eight of them and the last.
    #[inline(always)]
    pub fn ends(self) -> [[u8; 8]; 2] {
        let last = self.text.wrapping_shr(self.bits.wrapping_add(8).wrapping_sub(64));
        [self.text, last].map(|text| u64::try_from(text & u128::from(u64::MAX)).unwrap_or_default().to_le_bytes())
    }

    /// The same as others are.
    pub fn as_text(self) -> Text<16> {
        Text { bytes: self.text.to_le_bytes(), length: self.len() }
    }
}

/// The one text of an IPv6 address that RFC 5952 allows: lower case, no leading zeros, "::" for the first of the longest
/// runs of two or more zero groups, and dotted for IPv4-mapped addresses alone.
pub fn format_v6(address: [u8; 16]) -> Text<{ LONGEST_V6 + size_of::<u64>() }> {
    let mut text = Text::new();
    if let [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] = address {
        text.put(*b"::ffff:", 7);
        let v4 = TextV4::new([a, b, c, d]).as_text();
        text.put(v4.bytes, v4.length);
        return text;
    }
    let mut groups = [0; 8];
    let mut zeros: u32 = 0;
    for (index, (group, pair)) in groups.iter_mut().zip(address.chunks_exact(2)).enumerate() {
        *group = pair.first_chunk().map_or(0, |pair| u16::from_be_bytes(*pair));
        zeros |= u32::from(*group == 0) << index;
    }
    let gap = longest_zeros(zeros);
    for (index, group) in groups.into_iter().enumerate() {
        if !gap.contains(&index) {
            text.push_group(group);
        } else if index == gap.start {
            // The first colon stands already, unless this is where the text begins.
            text.put(*b"::", if index == 0 { 2 } else { 1 });
        }
    }
    // What is behind the last group, but not the gap's own.
    if gap.end < groups.len() {
        text.cut();
    }
    text
}

/// A text in memory of `N` bytes: a word that is put at its end may be longer than what it adds.
pub struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Text<N> {
    fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    /// The text, without a NUL.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Appends the first `count` of some bytes.
    #[inline(always)]
    fn put<const M: usize>(&mut self, bytes: [u8; M], count: usize) {
        if let Some(place) = self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *place = bytes;
            self.length = self.length.wrapping_add(count);
        }
    }

    /// Takes the last byte off again.
    #[inline(always)]
    fn cut(&mut self) {
        self.length = self.length.saturating_sub(1);
    }

    /// A group and a colon.
    #[inline(always)]
    fn push_group(&mut self, group: u16) {
        let value = u32::from(group);
        let pairs = (value | value << 8) & 0x00ff_00ff;
        let digits = hexadecimal((pairs | pairs << 4) & ONES.wrapping_mul(15));
        // Leading zeros, but not the last, are shifted out, and a colon in behind the digits.
        let unused = (group | 1).leading_zeros() & !3;
        let text = (u64::from(digits) << 8 | u64::from(b':')) << 24 << unused.wrapping_mul(2);
        let count = u32::wrapping_sub(5, unused >> 2);
        self.put(text.to_be_bytes(), usize::try_from(count).unwrap_or_default());
    }
}

/// Each number's digits and a dot, the first of them lowest.
const DECIMALS: [u32; 256] = {
    let mut texts = [0; 256];
    let mut rest: &mut [u32] = &mut texts;
    let mut number: u8 = 0;
    while let [text, others @ ..] = rest {
        let (hundreds, tens, ones) = (b'0' + number / 100, b'0' + number / 10 % 10, b'0' + number % 10);
        *text = u32::from_le_bytes(match number {
            100.. => [hundreds, tens, ones, b'.'],
            10.. => [tens, ones, b'.', 0],
            _ => [ones, b'.', 0, 0],
        });
        rest = others;
        number = number.wrapping_add(1);
    }
    texts
};

/// The first of the longest runs of at least two zero groups, which have a bit each.
fn longest_zeros(zeros: u32) -> Range<usize> {
    // After n rounds a bit is left where n + 1 zeros begin.
    let (mut runs, mut longest, mut length) = (zeros, 0, 0);
    while runs != 0 {
        longest = runs;
        length = u32::wrapping_add(length, 1);
        runs &= zeros >> length;
    }
    let start = if length < 2 { 0 } else { longest.trailing_zeros() };
    let end = if length < 2 { 0 } else { start.wrapping_add(length) };
    usize::try_from(start).unwrap_or_default()..usize::try_from(end).unwrap_or_default()
}
