//! IP addresses as text: RFC 4291 to read, RFC 5952 to write.
//!
//! A processor cannot predict how many digits a number has, and a wrong prediction costs more than all its digits. So
//! every digit that a number may have is read or stored, and then counted without a branch (`&` instead of `&&`).

#![allow(clippy::needless_bitwise_bool, reason = "`&&` is a branch")]

/// Reads four decimal numbers of 0 to 255 without leading zeros, with dots between them.
pub fn parse_v4(mut text: &[u8]) -> Option<[u8; 4]> {
    let mut address = 0;
    for index in 0..4 {
        if index > 0 {
            text = text.strip_prefix(b".")?;
        }
        let (octet, after) = octet(text)?;
        address = address << 8 | octet;
        text = after;
    }
    if text.is_empty() { Some(u32::to_be_bytes(address)) } else { None }
}

/// Reads the forms of RFC 4291, section 2.2, without a zone.
pub fn parse_v6(mut text: &[u8]) -> Option<[u8; 16]> {
    // The groups before "::" are the highest bits of the address; those after it, or all of them, are the lowest.
    let mut before: Option<u128> = None;
    let mut groups: u128 = 0;
    let mut count = 0;
    if let Some(after) = text.strip_prefix(b"::") {
        before = Some(0);
        text = after;
    }
    while count < 8 && !text.is_empty() {
        let (group, after) = group(text)?;
        if after.first() == Some(&b'.') {
            // The last two groups are written as an IPv4 address.
            groups = groups << 32 | u128::from(u32::from_be_bytes(parse_v4(text)?));
            count += 2;
            text = &[];
            break;
        }
        groups = groups << 16 | u128::from(group);
        count += 1;
        text = match after {
            [] => after,
            [b':', b':', after @ ..] if before.is_none() => {
                before = Some(groups << (16 * (8 - count)));
                groups = 0;
                after
            }
            [b':', after @ ..] if !after.is_empty() => after,
            _ => return None,
        };
    }
    match before {
        // "::" stands for at least one group.
        Some(before) if count < 8 => Some((before | groups).to_be_bytes()),
        None if count == 8 && text.is_empty() => Some(groups.to_be_bytes()),
        _ => None,
    }
}

/// Reads a decimal number of 0 to 255 without leading zeros, and returns it and the text after it.
fn octet(text: &[u8]) -> Option<(u32, &[u8])> {
    // Above 9 where there is no digit: below '0' the difference wraps around.
    let digit = |index: usize| text.get(index).map_or(10, |byte| u32::from(*byte).wrapping_sub(b'0'.into()));
    let (first, second, third) = (digit(0), digit(1), digit(2));
    if first > 9 {
        return None;
    }
    let has_two = (first > 0) & (second <= 9);
    let has_three = has_two & (third <= 9);
    let value = if has_two { first * 10 + second } else { first };
    let value = if has_three { value * 10 + third } else { value };
    let count = 1 + usize::from(has_two) + usize::from(has_three);
    if value > 255 { None } else { Some((value, text.get(count..)?)) }
}

/// Reads a hexadecimal number of one to four digits, and returns it and the text after it.
fn group(text: &[u8]) -> Option<(u16, &[u8])> {
    let digit = |index: usize| text.get(index).and_then(|byte| VALUES.get(usize::from(*byte))).copied().unwrap_or(16);
    let (first, second, third, fourth) = (digit(0), digit(1), digit(2), digit(3));
    let has_two = second <= 15;
    let has_three = has_two & (third <= 15);
    let has_four = has_three & (fourth <= 15);
    let value = if has_two { first << 4 | second } else { first };
    let value = if has_three { value << 4 | third } else { value };
    let value = if has_four { value << 4 | fourth } else { value };
    let count = 1 + usize::from(has_two) + usize::from(has_three) + usize::from(has_four);
    if first > 15 { None } else { Some((value, text.get(count..)?)) }
}

/// Memory for any IPv4 text and its NUL.
pub type MemoryV4 = [u8; "255.255.255.255\0".len()];
/// Memory for any IPv6 text and its NUL.
pub type MemoryV6 = [u8; "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\0".len()];

/// Writes the text of an IPv4 address and a NUL, and returns the length of the text.
pub fn format_v4(address: [u8; 4], memory: &mut MemoryV4) -> usize {
    let mut text = Text { memory, length: 0 };
    text.put_v4(address);
    text.length
}

/// Writes the text of an IPv6 address and a NUL, and returns the length of the text. RFC 5952 allows one text: lower
/// case, no leading zeros, "::" for the first of the longest runs of two or more zero groups, and dots in IPv4-mapped
/// addresses alone.
pub fn format_v6(address: [u8; 16], memory: &mut MemoryV6) -> usize {
    let mut text = Text { memory, length: 0 };
    if let [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, v4 @ ..] = address {
        text.put(*b"::ffff:", 7);
        text.put_v4(v4);
        return text.length;
    }
    let mut groups = [0; 8];
    for (group, bytes) in groups.iter_mut().zip(address.chunks_exact(2)) {
        *group = bytes.first_chunk().map_or(0, |bytes| u16::from_be_bytes(*bytes));
    }
    let zeros = longest_zeros(groups);
    text.put_groups(groups.get(..zeros.start).unwrap_or_default());
    if !zeros.is_empty() {
        text.put(*b"::", 2);
    }
    text.put_groups(groups.get(zeros.end..).unwrap_or_default());
    text.put([0], 0);
    text.length
}

/// Finds the first of the longest runs of two or more zero groups.
fn longest_zeros(groups: [u16; 8]) -> core::ops::Range<usize> {
    let mut longest = 0..0;
    let mut start = 0;
    for (end, group) in (1..).zip(groups) {
        if group != 0 {
            start = end;
        } else if end - start > longest.len() {
            longest = start..end;
        }
    }
    if longest.len() < 2 { 0..0 } else { longest }
}

/// A text that grows from the front of some memory.
struct Text<'a> {
    memory: &'a mut [u8],
    length: usize,
}

#[allow(clippy::inline_always, reason = "with opt-level \"s\", each digit would cost a call")]
impl Text<'_> {
    /// Stores all of `bytes` after the text, and adds the first `count` of them to it.
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N], count: usize) {
        debug_assert!(count <= N && self.length + N <= self.memory.len());
        if let Some(place) = self.memory.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut) {
            *place = bytes;
        }
        self.length += count;
    }

    #[inline(always)]
    fn put_v4(&mut self, address: [u8; 4]) {
        for byte in address {
            let (number, count) = DECIMALS.get(usize::from(byte)).copied().unwrap_or_default();
            self.put(number, usize::from(count));
        }
        // A NUL takes the place of the last dot.
        self.length -= 1;
        self.put([0], 0);
    }

    #[inline(always)]
    fn put_groups(&mut self, groups: &[u16]) {
        for (index, &group) in groups.iter().enumerate() {
            self.put([b':'], usize::from(index > 0));
            self.put_digit(group >> 12, group > 0xfff);
            self.put_digit(group >> 8, group > 0xff);
            self.put_digit(group >> 4, group > 0xf);
            self.put_digit(group, true);
        }
    }

    /// Stores the digit of the lowest four bits, which counts unless it is a leading zero.
    fn put_digit(&mut self, value: u16, counts: bool) {
        if let Some(digit) = DIGITS.get(usize::from(value & 15)) {
            self.put([*digit], usize::from(counts));
        }
    }
}

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// The value of each byte as a hexadecimal digit; 16 if it is none.
#[allow(clippy::indexing_slicing, reason = "the compiler checks it")]
const VALUES: [u16; 256] = {
    let mut values = [16; 256];
    let mut value = 0;
    while value < 16 {
        values[DIGITS[value] as usize] = value as u16;
        values[DIGITS[value].to_ascii_uppercase() as usize] = value as u16;
        value += 1;
    }
    values
};

/// The text of each number from 0 to 255 with a dot after it, and how many bytes that is.
#[allow(clippy::indexing_slicing, reason = "the compiler checks it")]
const DECIMALS: [([u8; 4], u8); 256] = {
    let mut texts = [([0; 4], 0); 256];
    let mut number = 0;
    while number < 256 {
        let (hundreds, tens, ones) = (DIGITS[number / 100], DIGITS[number / 10 % 10], DIGITS[number % 10]);
        texts[number] = match number {
            100.. => ([hundreds, tens, ones, b'.'], 4),
            10.. => ([tens, ones, b'.', 0], 3),
            _ => ([ones, b'.', 0, 0], 2),
        };
        number += 1;
    }
    texts
};
