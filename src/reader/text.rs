//! Delimiters of several bytes, and the search for them in the held bytes (Knuth, Morris and Pratt). It looks at each
//! byte once, whatever the delimiter and the bytes are, and goes on where the last call stopped, however packets divide
//! them: a peer that sends almost-delimiters gets no more than linear time.

use crate::memory;

/// The most bytes of a delimiter: their number is kept in a byte.
pub const LONGEST: usize = 255;

/// A delimiter of 1 to [`LONGEST`] bytes, prepared for the search. It is a copy, since the caller's may lie in the
/// reader's memory.
pub struct Text {
    bytes: [u8; LONGEST],
    length: u8,
    /// For each byte of the delimiter: how many of the bytes up to it are also the delimiter's first ones, not counting
    /// all of them.
    borders: [u8; LONGEST],
}

/// Which delimiter the held bytes were searched for.
#[derive(Clone, Copy, PartialEq)]
pub struct TextId {
    /// Its length; 0: a single byte, or none.
    pub length: u8,
    /// Its bytes as a number. More bytes than a `usize` has are mixed, so that two delimiters of one length, used in turn
    /// with no find in between, are taken for the same by accident once in 2^32 or 2^64 times. (To find such a pair on
    /// purpose takes a search, and a program that takes both from its peer.)
    pub number: usize,
}

impl TextId {
    /// No delimiter of several bytes.
    pub const NONE: Self = Self { length: 0, number: 0 };
}

impl Text {
    /// `None` if there is no byte, or more than [`LONGEST`].
    pub fn new(delimiter: &[u8]) -> Option<Self> {
        let length = u8::try_from(delimiter.len()).ok().filter(|length| *length > 0)?;
        let mut text = Self { bytes: [0; LONGEST], length, borders: [0; LONGEST] };
        text.bytes.get_mut(..delimiter.len())?.copy_from_slice(delimiter);
        let mut border = 0;
        for (place, byte) in delimiter.iter().enumerate().skip(1) {
            border = text.after(border, *byte);
            *text.borders.get_mut(place)? = border;
        }
        Some(text)
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.length.into()
    }

    /// Its last byte.
    pub fn last(&self) -> u8 {
        self.bytes.get(self.len() - 1).copied().unwrap_or(0)
    }

    /// What distinguishes it from other delimiters.
    pub fn id(&self) -> TextId {
        // The golden ratio of a usize: each byte reaches all of the number, and the shift keeps a later byte from undoing
        // an earlier one's change. It wraps.
        const MIX: usize = 0x9E37_79B9_7F4A_7C15_u64 as usize;
        let bytes = self.bytes.get(..self.len()).unwrap_or_default();
        let is_exact = bytes.len() <= size_of::<usize>();
        let number = bytes.iter().fold(0_usize, |number, byte| {
            let next = number.rotate_left(8) ^ usize::from(*byte);
            if is_exact { next } else { next.wrapping_mul(MIX) ^ next >> (usize::BITS / 2) }
        });
        TextId { length: self.length, number }
    }

    /// Searches the bytes that follow `matched` bytes of the delimiter. Returns how many it looked at, and how many of
    /// the delimiter are matched after these: all, and it ends there, or all bytes were looked at.
    pub fn search(&self, bytes: &[u8], mut matched: u8) -> (usize, u8) {
        debug_assert!(matched < self.length);
        let mut looked = 0;
        while matched < self.length {
            let rest = bytes.get(looked..).unwrap_or_default();
            // memchr is quicker than single steps.
            let next = if matched == 0 { self.bytes.first().and_then(|b| memory::position(*b, rest)) } else { Some(0) };
            let Some((skipped, byte)) = next.and_then(|index| Some((index, rest.get(index)?))) else {
                return (bytes.len(), matched);
            };
            looked += skipped + 1;
            matched = self.after(matched, *byte);
        }
        (looked, matched)
    }

    /// How many bytes of the delimiter are matched after another byte.
    fn after(&self, mut matched: u8, byte: u8) -> u8 {
        loop {
            if self.bytes.get(usize::from(matched)) == Some(&byte) {
                return matched + 1;
            }
            let Some(last) = usize::from(matched).checked_sub(1) else {
                return 0;
            };
            matched = self.borders.get(last).copied().unwrap_or(0);
        }
    }
}
