//! Frames: a length, big-endian, and as many bytes.

use core::mem::MaybeUninit;

use errno::Errno;

use crate::channel::Limited;
use crate::memory::{Bytes, IoSlice};
use crate::stream;
use crate::writer::Piece;

/// Up to this size, one copied piece is cheaper than two pieces in the kernel.
const COPIED_BODY_BYTES: usize = 2048;

const LONGEST_HEADER_BYTES: usize = 4;

/// The header's size: 1, 2 or 4 bytes.
#[derive(Clone, Copy, PartialEq)]
pub enum HeaderSize {
    /// Bodies of up to 255 bytes.
    One = 1,
    /// Bodies of up to 65,535 bytes.
    Two = 2,
    /// Bodies of up to 4,294,967,295 bytes.
    Four = LONGEST_HEADER_BYTES as isize,
}

impl HeaderSize {
    /// `None` for any other number.
    pub fn from_bytes(bytes: i32) -> Option<Self> {
        match bytes {
            1 => Some(Self::One),
            2 => Some(Self::Two),
            4 => Some(Self::Four),
            _ => None,
        }
    }

    /// In bytes.
    pub fn bytes(self) -> usize {
        self as usize
    }

    /// The length that the header at the start of `held` announces; `None` until it is there.
    pub fn announced(self, held: &[u8]) -> Option<usize> {
        let length = match self {
            Self::One => u32::from(*held.first()?),
            Self::Two => u32::from(u16::from_be_bytes(*held.first_chunk()?)),
            Self::Four => u32::from_be_bytes(*held.first_chunk()?),
        };
        // If it does not fit, no memory could hold the body either.
        Some(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// The length in the last bytes of four; `None` for one that the header cannot count.
    fn encode(self, length: usize) -> Option<[u8; LONGEST_HEADER_BYTES]> {
        let number = match self {
            Self::One => u8::try_from(length).ok()?.into(),
            Self::Two => u16::try_from(length).ok()?.into(),
            Self::Four => u32::try_from(length).ok()?,
        };
        Some(number.to_be_bytes())
    }
}

/// A frame that is being dropped.
#[derive(Clone, Copy)]
pub struct Skip {
    /// Its header's size.
    pub size: HeaderSize,
    /// How many bytes of the header have not come.
    pub header_left: u8,
    /// The number in the header's bytes that have come; once all have, how many bytes of the body are left.
    pub number: u32,
}

impl Skip {
    /// At the frame's first byte.
    pub fn new(size: HeaderSize) -> Self {
        Self { size, header_left: size.bytes() as u8, number: 0 }
    }

    /// How many of the bytes belong to the frame. They need not hold a whole header: memory may be too small for it.
    pub fn drop_from(&mut self, bytes: &[u8]) -> usize {
        let header = bytes.get(..self.header_left.into()).unwrap_or(bytes);
        for byte in header {
            self.number = self.number << 8 | u32::from(*byte);
        }
        self.header_left -= header.len() as u8;
        if self.header_left > 0 {
            return header.len();
        }
        let rest = bytes.len() - header.len();
        let body = rest.min(usize::try_from(self.number).unwrap_or(usize::MAX));
        // At most the number itself.
        self.number -= body as u32;
        header.len() + body
    }

    /// Nothing is left of it.
    pub fn is_over(self) -> bool {
        self.header_left == 0 && self.number == 0
    }
}

/// A header and its body, before they leave.
pub struct Frame<'a> {
    header: [MaybeUninit<u8>; LONGEST_HEADER_BYTES],
    header_bytes: usize,
    body: Bytes<'a>,
}

impl<'a> Frame<'a> {
    /// `EMSGSIZE` for a body that the header cannot count.
    pub fn new(size: HeaderSize, body: Bytes<'a>) -> Result<Self, Errno> {
        let header = size.encode(body.len()).ok_or(Errno(libc::EMSGSIZE))?;
        Ok(Self { header: header.map(MaybeUninit::new), header_bytes: size.bytes(), body })
    }

    /// Header and body, in bytes.
    pub fn len(&self) -> usize {
        self.header_bytes + self.body.len()
    }

    /// As a piece for a writer.
    pub fn piece(&self) -> Piece<'_> {
        Piece { header: self.header(), body: self.body }
    }

    fn header(&self) -> Bytes<'_> {
        let unused = LONGEST_HEADER_BYTES - self.header_bytes;
        self.header.get(unused..).unwrap_or_default()
    }

    /// Sends all from `done` on, and keeps the count there. Header and body leave in one call: in two calls, the second
    /// would wait for the acknowledgement of the first (Nagle's algorithm).
    pub fn send(&self, channel: &mut Limited, done: &mut usize) -> Result<(), Errno> {
        if self.body.len() > COPIED_BODY_BYTES {
            let slices = [IoSlice::from(self.header()), IoSlice::from(self.body)];
            return stream::writev_full(channel, &slices, done);
        }
        let mut whole = [MaybeUninit::uninit(); LONGEST_HEADER_BYTES + COPIED_BODY_BYTES];
        let (header, body) = whole.split_at_mut_checked(self.header_bytes).unwrap_or_default();
        for (part, bytes) in [(header, self.header()), (body, self.body)] {
            if let Some(place) = part.get_mut(..bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        stream::write_full(channel, whole.get(..self.len()).unwrap_or_default(), done)
    }
}
