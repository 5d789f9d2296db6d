//! The buffered reader: one `recv` fills the caller's memory, then lines and frames come out of it without a copy.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", what is done for each line would be calls")]

use core::ffi::c_int;
use core::ops::Range;

use errno::Errno;

use crate::channel::{Channel, Limited};
use crate::frame::HeaderSize;
use crate::stream::{self, Read};
use crate::sys::{self, Block, Buffer};
use crate::time::Limit;

/// From here on memchr, which calls for more than SSE2, finds the end of a line sooner than the search by blocks.
const LONG_BYTES: usize = 256;

/// What a reader keeps between calls, beside its descriptor, its memory and how much of that is filled.
#[derive(Clone, Copy)]
pub struct State {
    /// Where in the memory what is held begins.
    pub start: usize,
    /// Up to where the memory has been searched for the delimiter.
    pub searched: usize,
    /// Where it is in the last block of that, a bit for each byte; what has been handed out is no longer marked.
    pub found: usize,
    /// The delimiter of that search.
    pub delimiter: u8,
    /// The held byte whose place, at `start`, the NUL behind what was handed out has taken.
    pub covered: Option<u8>,
}

impl State {
    /// Nothing is held.
    pub const NEW: Self = Self { start: 0, searched: 0, found: 0, delimiter: b'\n', covered: None };

    /// What comes up to and with the delimiter, if a search has marked its end. Without `LONG`, lines that are long
    /// are not for this call: it stays small.
    #[inline(always)]
    pub fn next<const LONG: bool>(&mut self, buffer: &mut Buffer<'_>, delimiter: u8) -> Option<Range<usize>> {
        if self.found == 0 || self.delimiter != delimiter {
            return None;
        }
        let end = self.marked();
        let others = self.found & self.found.wrapping_sub(1);
        // What comes next is most often as long as this.
        let is_long = others == 0 && end.wrapping_sub(self.start) >= LONG_BYTES;
        if is_long && !LONG {
            return None;
        }
        self.uncover(buffer);
        self.found = others;
        // The search goes on before a NUL is put there: a load would wait for a byte that was just stored.
        if is_long {
            self.search_rest(buffer);
        } else if others == 0 {
            self.search_blocks(buffer);
        }
        Some(self.hand_out(buffer, self.start, end))
    }

    /// The end of what the first mark is in.
    #[inline(always)]
    fn marked(&self) -> usize {
        let block = self.searched.wrapping_sub(size_of::<Block>());
        block.wrapping_add(usize::try_from(self.found.trailing_zeros()).unwrap_or_default()).wrapping_add(1)
    }

    /// Searches on, as long as whole blocks are held. The place of a block does not depend on what is in it: so the
    /// processor need not wait for one to begin with the next.
    #[inline(always)]
    fn search_blocks(&mut self, buffer: &Buffer<'_>) {
        let mut rest = buffer.filled().get(self.searched..).unwrap_or_default();
        while let Some((block, others)) = rest.split_first_chunk() {
            self.searched = self.searched.wrapping_add(block.len());
            self.found = sys::places(self.delimiter, block);
            if self.found != 0 {
                return;
            }
            rest = others;
        }
    }

    /// Searches what is held and has not been searched. Nothing is marked yet, or by another delimiter's search.
    fn search(&mut self, buffer: &Buffer<'_>, delimiter: u8) {
        if self.delimiter != delimiter {
            self.delimiter = delimiter;
            self.forget();
        }
        self.search_blocks(buffer);
        if self.found == 0 {
            self.search_rest(buffer);
        }
    }

    /// Searches on up to the first delimiter.
    #[inline(always)]
    fn search_rest(&mut self, buffer: &Buffer<'_>) {
        let rest = buffer.filled().get(self.searched..).unwrap_or_default();
        let index = sys::memchr(self.delimiter, rest);
        self.searched = self.searched.wrapping_add(index.map_or(rest.len(), |index| index.wrapping_add(1)));
        // The mark of a block's last byte.
        self.found = if index.is_some() { 1 << (usize::BITS - 1) } else { 0 };
    }

    /// Nothing that is held has been searched.
    fn forget(&mut self) {
        self.searched = self.start;
        self.found = 0;
    }

    /// What has arrived and was not handed out.
    fn held<'a>(&self, buffer: &'a Buffer<'_>) -> &'a [u8] {
        buffer.filled().get(self.start..).unwrap_or_default()
    }

    /// Takes the NUL of the call before back out of what is held.
    #[inline(always)]
    fn uncover(&mut self, buffer: &mut Buffer<'_>) {
        if let Some(byte) = self.covered.take() {
            buffer.replace(self.start, byte);
        }
    }

    /// What is held is shorter by so much from now on.
    fn consume(&mut self, buffer: &Buffer<'_>, length: usize) {
        self.start = self.start.saturating_add(length).min(buffer.len());
        self.forget();
    }

    /// Gives what is between two places, of which the second is where what is held begins from now on, with a NUL
    /// behind it.
    #[inline(always)]
    fn hand_out(&mut self, buffer: &mut Buffer<'_>, from: usize, end: usize) -> Range<usize> {
        self.start = end.min(buffer.len());
        // The NUL takes the place of what comes next, until the next call.
        self.covered = buffer.replace(self.start, 0);
        if self.covered.is_none() {
            buffer.terminate();
        }
        from..self.start
    }
}

/// What a call for a line or a frame gives: a part of the memory, with a NUL behind it.
pub enum Item {
    /// All of it. The reader holds it no longer.
    Whole(Range<usize>),
    /// What is held at the end of the stream: not all, perhaps nothing. It stays held.
    Rest(Range<usize>),
    /// What is held of a line that does not fit. It stays held.
    TooLong(Range<usize>),
    /// The length of a frame's body that does not fit. Its header stays held.
    TooLongBody(usize),
}

/// A reader during one call.
pub struct Reader<'a> {
    /// What is kept between calls.
    pub state: State,
    /// The memory, filled up to the end of what is held.
    pub buffer: Buffer<'a>,
    /// Whether the descriptor may be a socket.
    pub is_socket: bool,
    channel: Limited,
    /// What the memory can hold: all but the place of a NUL.
    usable: usize,
    refilled: bool,
}

impl<'a> Reader<'a> {
    /// Nothing is asked of the kernel yet.
    pub fn new(fd: c_int, limit: Limit, mut buffer: Buffer<'a>, mut state: State, is_socket: bool) -> Self {
        state.uncover(&mut buffer);
        let usable = buffer.len().saturating_add(buffer.room()).saturating_sub(1);
        let channel = Limited::known(fd, limit, is_socket);
        Self { state, buffer, is_socket, channel, usable, refilled: false }
    }

    /// What comes up to and with the delimiter.
    pub fn until(&mut self, delimiter: u8) -> Result<Item, Errno> {
        loop {
            self.state.search(&self.buffer, delimiter);
            if let Some(part) = self.state.next::<true>(&mut self.buffer, delimiter) {
                return Ok(Item::Whole(part));
            }
            let length = self.held().len();
            if length >= self.usable {
                return Ok(Item::TooLong(self.show()));
            }
            if self.refill(length.saturating_add(1))? == 0 {
                return Ok(Item::Rest(self.show()));
            }
        }
    }

    /// The body of the next frame.
    pub fn frame(&mut self, size: HeaderSize) -> Result<Item, Errno> {
        let header = size.bytes();
        let longest = self.usable.checked_sub(header).ok_or(Errno(libc::EINVAL))?;
        loop {
            let announced = size.announced(self.held());
            let wanted = match announced {
                Some(length) if length > longest => return Ok(Item::TooLongBody(length)),
                Some(length) => header.saturating_add(length),
                None => header,
            };
            if announced.is_some() && self.held().len() >= wanted {
                let from = self.state.start.saturating_add(header);
                self.state.consume(&self.buffer, wanted);
                let end = self.state.start;
                return Ok(Item::Whole(self.state.hand_out(&mut self.buffer, from, end)));
            }
            if self.refill(wanted)? == 0 {
                return Ok(Item::Rest(self.show()));
            }
        }
    }

    /// Fills another buffer: with what is held, then straight from the descriptor.
    pub fn read_full(&mut self, into: &mut Buffer<'_>) -> Result<Read, Errno> {
        let taken = into.extend(self.held());
        self.state.consume(&self.buffer, taken);
        if taken > 0 && into.room() == 0 {
            return Ok(Read::Done);
        }
        let result = stream::read_full(&mut self.channel, into);
        self.is_socket = self.channel.is_socket();
        result
    }

    /// Drops what comes up to and with the next newline, and counts it.
    pub fn skip_line(&mut self, done: &mut usize) -> Result<Read, Errno> {
        let mut dropped = 0;
        loop {
            let held = self.held();
            let newline = sys::memchr(b'\n', held);
            let length = newline.map_or(held.len(), |index| index.saturating_add(1));
            self.state.consume(&self.buffer, length);
            dropped += length;
            // A 32-bit count can be at its end before the line is.
            *done = done.saturating_add(length);
            if newline.is_some() {
                return Ok(Read::Done);
            }
            self.channel.go_on_after(dropped)?;
            if self.refill(1)? == 0 {
                return Ok(Read::End);
            }
        }
    }

    fn held(&self) -> &[u8] {
        self.state.held(&self.buffer)
    }

    /// One system call for more, with room for `wanted` bytes in all; 0 is the end of the stream.
    fn refill(&mut self, wanted: usize) -> Result<usize, Errno> {
        // Time is looked at only when there has been some progress, and after what that brought.
        if self.refilled {
            self.channel.go_on()?;
        }
        self.refilled = true;
        let held = self.held().len();
        if held == 0 || self.state.start.saturating_add(wanted) > self.usable {
            self.buffer.drop_front(self.state.start);
            self.state.searched = self.state.searched.saturating_sub(self.state.start);
            self.state.start = 0;
        }
        let room = self.usable.saturating_sub(self.buffer.len());
        let result = self.channel.read(&mut self.buffer, room);
        self.is_socket = self.channel.is_socket();
        result
    }

    /// All that is held, with a NUL behind it.
    fn show(&mut self) -> Range<usize> {
        self.buffer.terminate();
        self.state.start..self.buffer.len()
    }
}
