//! A reader's state between calls, and the search for the end of a line in the held bytes. This is the hot path of
//! every line: the search marks all delimiters of a block at once, and each call takes the next mark.

#![allow(
    clippy::inline_always,
    reason = "with opt-level \"s\", the compiler would not inline these, and each line would cost several calls"
)]

use core::mem;
use core::ops::Range;

use super::text::{Text, TextId};
use crate::frame::HeaderSize;
use crate::memory::{self, Block, Buffer};

/// From this length on memchr, which uses more than SSE2, is faster than the search by blocks.
const LONG_BYTES: usize = 256;

/// A reader's state between calls, beside its descriptor, its memory and the filled length.
///
/// `start <= searched <= filled`, and `start < searched` if there is a mark. `marks` is a bit mask over the block of
/// bytes (`memory::Block`) that ends at `searched`: bit i is set if byte `searched - size_of::<Block>() + i` is a
/// delimiter that no call has returned yet. It never lies before `start`. A search for a delimiter of several bytes sets
/// no mark.
#[derive(Clone, Copy)]
pub struct State {
    /// The index of the first held byte.
    pub start: usize,
    /// The end of the bytes that were searched for the delimiter.
    pub searched: usize,
    /// A bit for each delimiter of the last searched block that was not returned yet; see above.
    pub marks: usize,
    /// The delimiter of that search.
    pub delimiter: u8,
    /// The delimiter of that search, if it has several bytes.
    pub text: TextId,
    /// How many bytes of that delimiter end at `searched`: fewer than all. They may lie before `start`, if they were taken.
    pub matched: u8,
    /// The held byte at `start`, which the NUL after the last result has overwritten.
    pub covered: Option<u8>,
    /// The last call has shown all held bytes, and left them held: the next one may take them.
    pub shown: bool,
}

impl State {
    /// Nothing is held.
    pub const NEW: Self = Self {
        start: 0,
        searched: 0,
        marks: 0,
        delimiter: b'\n',
        text: TextId::NONE,
        matched: 0,
        covered: None,
        shown: false,
    };

    /// The bytes up to and including the delimiter, if a search has marked it.
    #[inline(always)]
    pub fn next(&mut self, buffer: &mut Buffer<'_>, delimiter: u8) -> Option<Range<usize>> {
        if self.marks == 0 || self.delimiter != delimiter {
            return None;
        }
        let end = self.first_mark() + 1;
        self.uncover(buffer);
        self.marks &= self.marks - 1;
        if self.marks == 0 {
            // Search before `hand_out` stores the NUL: a load that covers a byte just stored must wait. This line's
            // length chooses the method, since the next line is most often as long.
            (self.searched, self.marks) = if end - self.start < LONG_BYTES {
                search_blocks(buffer.filled(), self.searched, delimiter)
            } else {
                search_rest(buffer.filled(), self.searched, delimiter)
            };
        }
        Some(self.hand_out(buffer, self.start, end))
    }

    /// The index of the first marked delimiter.
    #[inline(always)]
    fn first_mark(&self) -> usize {
        let mark = self.marks.trailing_zeros() as usize;
        // The highest bit stands for the byte at searched - 1. Add before subtracting: after `search_rest`, `searched`
        // can be less than a block.
        debug_assert!(self.searched + mark >= self.start + size_of::<Block>() && self.searched > 0);
        self.searched + mark - size_of::<Block>()
    }

    /// Searches the held bytes that were not searched yet. Call it only if nothing is marked for this delimiter.
    pub fn search(&mut self, buffer: &Buffer<'_>, delimiter: u8) {
        if self.delimiter != delimiter || self.text != TextId::NONE {
            self.delimiter = delimiter;
            self.forget();
        }
        if self.marks == 0 {
            (self.searched, self.marks) = search_blocks(buffer.filled(), self.searched, delimiter);
        }
        if self.marks == 0 {
            (self.searched, self.marks) = search_rest(buffer.filled(), self.searched, delimiter);
        }
    }

    /// The bytes up to and including a delimiter of several bytes.
    pub fn next_text(&mut self, buffer: &mut Buffer<'_>, text: &Text) -> Option<Range<usize>> {
        let id = text.id();
        if self.text != id {
            self.forget();
            self.text = id;
        }
        let unsearched = buffer.filled().get(self.searched..).unwrap_or_default();
        let (looked, matched) = text.search(unsearched, self.matched);
        self.searched += looked;
        self.matched = matched;
        if usize::from(matched) < text.len() {
            return None;
        }
        let (from, end) = (self.start, self.searched);
        self.start = end;
        self.forget();
        // For `ends_next`. Search before `hand_out` stores the NUL, which may be on the next delimiter.
        self.search(buffer, text.last());
        Some(self.hand_out(buffer, from, end))
    }

    /// The last byte of this delimiter, if the next mark is that byte's and ends the delimiter: then it is the first one, and
    /// `next` for the byte returns the same. Not if the delimiter begins at `start`, where the NUL may be.
    #[inline(always)]
    pub fn ends_next(&self, filled: &[u8], text: &[u8]) -> Option<u8> {
        let last = *text.last()?;
        if self.marks == 0 || self.delimiter != last {
            return None;
        }
        let end = self.first_mark() + 1;
        let from = end.checked_sub(text.len()).filter(|from| *from > self.start)?;
        // Not by memcmp, which costs more than two bytes do.
        filled.get(from..end)?.iter().eq(text).then_some(last)
    }

    /// The body of the next frame, if all of it is held and the NUL of the last call is on its first byte. The processor
    /// would wait for that NUL, stored a moment ago, if one load had more than this byte: so the others are loaded alone.
    #[inline(always)]
    pub fn next_frame(&mut self, buffer: &mut Buffer<'_>, size: HeaderSize) -> Option<Range<usize>> {
        let first = self.covered?;
        let held = buffer.filled().get(self.start..)?;
        let length = match size {
            HeaderSize::One => first.into(),
            HeaderSize::Two => {
                let [_, second] = *held.first_chunk()?;
                u16::from_be_bytes([first, second]).into()
            }
            HeaderSize::Four => {
                let [_, second, third, fourth] = *held.first_chunk()?;
                u32::from_be_bytes([first, second, third, fourth])
            }
        };
        let from = self.start + size.bytes();
        // A header can announce more than there is memory.
        let end = from.checked_add(usize::try_from(length).ok()?)?;
        if end > buffer.len() {
            return None;
        }
        // The header is not read again, so the byte below the NUL is not put back.
        let body = self.hand_out(buffer, from, end);
        self.forget();
        Some(body)
    }

    /// No held byte has been searched.
    pub fn forget(&mut self) {
        self.searched = self.start;
        self.marks = 0;
        self.text = TextId::NONE;
        self.matched = 0;
    }

    /// The bytes that have arrived and were not returned.
    pub fn held<'a>(&self, buffer: &'a Buffer<'_>) -> &'a [u8] {
        buffer.filled().get(self.start..).unwrap_or_default()
    }

    /// Restores the byte that the NUL of the last call has overwritten.
    #[inline(always)]
    pub fn uncover(&mut self, buffer: &mut Buffer<'_>) {
        if let Some(byte) = self.covered.take() {
            buffer.replace(self.start, byte);
        }
    }

    /// Drops so many bytes from the front.
    pub fn consume(&mut self, buffer: &Buffer<'_>, length: usize) {
        self.start += length;
        debug_assert!(self.start <= buffer.len());
        self.forget();
    }

    /// Takes the bytes that the last call has shown, and returns their number.
    pub fn take(&mut self, end: usize) -> usize {
        if mem::take(&mut self.shown) { self.take_all(end) } else { 0 }
    }

    /// Takes all held bytes, which a call has shown, and returns their number. They were searched, and the line goes on
    /// after them: a delimiter of several bytes may have begun in them.
    pub fn take_all(&mut self, end: usize) -> usize {
        debug_assert!(self.marks == 0 && self.searched == end && self.covered.is_none());
        let taken = end - self.start;
        self.start = end;
        taken
    }

    /// Moves the held bytes to the front of the memory, and the marks with them.
    pub fn move_to_front(&mut self, buffer: &mut Buffer<'_>) {
        debug_assert!(self.start <= self.searched && self.searched <= buffer.len());
        buffer.drop_front(self.start);
        self.searched -= self.start;
        self.start = 0;
    }

    /// Returns the bytes from `from` to `end`, with a NUL after them; from now on the held bytes begin at `end`.
    #[inline(always)]
    pub fn hand_out(&mut self, buffer: &mut Buffer<'_>, from: usize, end: usize) -> Range<usize> {
        debug_assert!(from <= end && end <= buffer.len());
        self.start = end;
        // The NUL overwrites the next byte until the next call.
        self.covered = buffer.replace(end, 0);
        if self.covered.is_none() {
            buffer.terminate();
        }
        from..end
    }
}

/// Searches whole blocks from `searched` on until one has a delimiter. Returns the end of the search, and the marks of
/// the last block. A block's place does not depend on the bytes of the one before, so the processor can start the next
/// block early.
#[inline(always)]
fn search_blocks(bytes: &[u8], searched: usize, delimiter: u8) -> (usize, usize) {
    let mut searched = searched;
    let mut rest = bytes.get(searched..).unwrap_or_default();
    while let Some((block, others)) = rest.split_first_chunk::<{ size_of::<Block>() }>() {
        searched += block.len();
        let found = memory::marks(delimiter, block);
        if found != 0 {
            return (searched, found);
        }
        rest = others;
    }
    (searched, 0)
}

/// Searches from `searched` on up to the first delimiter, which is marked as the last byte of a block.
#[inline(never)]
fn search_rest(bytes: &[u8], searched: usize, delimiter: u8) -> (usize, usize) {
    let rest = bytes.get(searched..).unwrap_or_default();
    match memory::position(delimiter, rest) {
        Some(index) => (searched + index + 1, 1 << (usize::BITS - 1)),
        None => (bytes.len(), 0),
    }
}
