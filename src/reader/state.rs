//! What a reader keeps between calls, and the search for the end of a line in what it holds. This is the hot path of
//! every line: the search marks all delimiters of a block at once, and each call takes the next mark.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", what is done for each line would be calls")]

use core::ops::Range;

use crate::memory::{self, Block, Buffer};

/// From here on memchr, which calls for more than SSE2, finds the end of a line sooner than the search by blocks.
const LONG_BYTES: usize = 256;

/// What a reader keeps between calls, beside its descriptor, its memory and how much of that is filled.
///
/// `start <= searched <= filled`, and `start < searched` where there is a mark. Bit i of `found` stands for the byte `searched - BLOCK_BYTES + i`: it is a delimiter
/// that has not been handed out yet, so it lies at `start` or after it.
#[derive(Clone, Copy)]
pub struct State {
    /// Where in the memory what is held begins.
    pub start: usize,
    /// Up to where the memory has been searched for the delimiter.
    pub searched: usize,
    /// Where the delimiters are in the last block of that.
    pub found: usize,
    /// The delimiter of that search.
    pub delimiter: u8,
    /// The held byte at `start`, whose place the NUL after the last result has taken.
    pub covered: Option<u8>,
}

impl State {
    /// Nothing is held.
    pub const NEW: Self = Self { start: 0, searched: 0, found: 0, delimiter: b'\n', covered: None };

    /// What comes up to and with the delimiter, if a search has marked its end.
    #[inline(always)]
    pub fn next(&mut self, buffer: &mut Buffer<'_>, delimiter: u8) -> Option<Range<usize>> {
        if self.found == 0 || self.delimiter != delimiter {
            return None;
        }
        let end = self.first_mark() + 1;
        self.uncover(buffer);
        self.found &= self.found - 1;
        if self.found == 0 {
            // Before a NUL is put there: a load would wait for a byte that was just stored. What comes next is most often
            // as long as this.
            (self.searched, self.found) = if end - self.start < LONG_BYTES {
                search_blocks(buffer.filled(), self.searched, delimiter)
            } else {
                search_rest(buffer.filled(), self.searched, delimiter)
            };
        }
        Some(self.hand_out(buffer, self.start, end))
    }

    /// Where the first marked delimiter is.
    #[inline(always)]
    fn first_mark(&self) -> usize {
        let mark = self.found.trailing_zeros() as usize;
        // The byte of the highest bit is at searched - 1. A mark of a short search lies in no whole block.
        debug_assert!(self.searched + mark >= self.start + size_of::<Block>() && self.searched > 0);
        self.searched + mark - size_of::<Block>()
    }

    /// Searches what is held and has not been searched. Nothing is marked yet, or by another delimiter's search.
    pub fn search(&mut self, buffer: &Buffer<'_>, delimiter: u8) {
        if self.delimiter != delimiter {
            self.delimiter = delimiter;
            self.forget();
        }
        if self.found == 0 {
            (self.searched, self.found) = search_blocks(buffer.filled(), self.searched, delimiter);
        }
        if self.found == 0 {
            (self.searched, self.found) = search_rest(buffer.filled(), self.searched, delimiter);
        }
    }

    /// Nothing that is held has been searched.
    pub fn forget(&mut self) {
        self.searched = self.start;
        self.found = 0;
    }

    /// What has arrived and was not handed out.
    pub fn held<'a>(&self, buffer: &'a Buffer<'_>) -> &'a [u8] {
        buffer.filled().get(self.start..).unwrap_or_default()
    }

    /// Puts the byte back that the NUL of the call before has covered.
    #[inline(always)]
    pub fn uncover(&mut self, buffer: &mut Buffer<'_>) {
        if let Some(byte) = self.covered.take() {
            buffer.replace(self.start, byte);
        }
    }

    /// What is held begins so many bytes later.
    pub fn consume(&mut self, buffer: &Buffer<'_>, length: usize) {
        self.start += length;
        debug_assert!(self.start <= buffer.len());
        self.forget();
    }

    /// Moves what is held to the front of the memory, and the marks with it.
    pub fn move_to_front(&mut self, buffer: &mut Buffer<'_>) {
        debug_assert!(self.start <= self.searched && self.searched <= buffer.len());
        buffer.drop_front(self.start);
        self.searched -= self.start;
        self.start = 0;
    }

    /// Gives the bytes from `from` to `end`, with a NUL after them; what is held begins at `end` from now on.
    #[inline(always)]
    pub fn hand_out(&mut self, buffer: &mut Buffer<'_>, from: usize, end: usize) -> Range<usize> {
        debug_assert!(from <= end && end <= buffer.len());
        self.start = end;
        // The NUL takes the place of what comes next, until the next call.
        self.covered = buffer.replace(end, 0);
        if self.covered.is_none() {
            buffer.terminate();
        }
        from..end
    }
}

/// Searches whole blocks from `searched` on until there is a delimiter in one. Returns up to where it has searched, and
/// the marks of the last block. Where a block is does not depend on what is in the one before: so the processor need
/// not wait for one to begin with the next.
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
