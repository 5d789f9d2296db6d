//! The buffered reader: one `recv` fills the caller's memory, then lines and frames are returned from it without a
//! copy.
//!
//! How `sockutil_reader_line` gets a line (`ffi/reader.rs` has its contract, `sys/mod.rs` its system calls):
//!
//! 1. The fast path, `next_marked` in `ffi/reader.rs`: an earlier search has marked where the next line ends. It is
//!    returned without a system call, without a look at the clock, and errno is untouched.
//! 2. Otherwise [`Reader::until`] searches the held bytes that were not searched yet. `State::search` marks every newline
//!    of a block of bytes in one number, a bit for each byte. A line is returned with a NUL after it; the byte that stood
//!    there is kept in `State::covered`, and put back before the next search.
//! 3. No newline: [`Reader::refill`] moves the held bytes to the front of the memory if it must, and reads once through
//!    `Limited` (`channel/limited.rs`). That is `sys::recv` with MSG_DONTWAIT, or without it for FOREVER, when the
//!    kernel waits. What is not a socket (ENOTSOCK) is read by `read` for FOREVER, else by `preadv2` with RWF_NOWAIT, or
//!    by `poll` and a small `read` where that does not exist.
//! 4. EINTR: `Limited` tries again. EAGAIN: it waits in `sys::poll` for the rest of the time, computed anew after each
//!    signal, and tries again. If poll reported the descriptor ready and nothing was there, it pauses 1 ms first. When
//!    the time is over there is one last try, then EAGAIN: the held bytes stay held.
//! 5. 0 bytes: the stream has ended, and the rest is returned once ([`Item::Rest`]). A full memory without a newline:
//!    [`Item::TooLong`], EMSGSIZE, and all stays held.
//! 6. `ffi/reader.rs` stores the state again, on failure too.

mod state;
mod text;

use core::ffi::c_int;
use core::mem;
use core::ops::Range;

use errno::Errno;

use crate::channel::{Channel, Limited};
use crate::frame::{HeaderSize, Skip};
use crate::line::Line;
use crate::memory::{self, Buffer};
use crate::stream::{self, Read};
use crate::time::Limit;

pub use state::State;
pub use text::{LONGEST, Text, TextId};

/// The result of a call for a line or a frame: a part of the memory, with a NUL after it.
pub enum Item {
    /// A whole item. The reader no longer holds it.
    Whole(Range<usize>),
    /// The rest at the end of the stream: incomplete, perhaps empty. The reader no longer holds it.
    Rest(Range<usize>),
    /// The held part of a line that does not fit. It stays held until `State::take`.
    TooLong(Range<usize>),
    /// The length of a frame's body that does not fit. Its header stays held.
    TooLongBody(usize),
}

/// A reader during one call.
pub struct Reader<'a> {
    /// The state that is kept between calls.
    pub state: State,
    /// The memory, filled up to the end of the held bytes.
    pub buffer: Buffer<'a>,
    /// The frame that is being dropped.
    pub skip: Option<Skip>,
    /// Whether the call before this one has shown all held bytes, and left them held.
    shown: bool,
    channel: Limited,
    /// The most bytes that can be held: all but one, for a NUL.
    usable: usize,
    refilled: bool,
}

impl<'a> Reader<'a> {
    /// Nothing is asked of the kernel yet.
    pub fn new(fd: c_int, limit: Limit, mut buffer: Buffer<'a>, mut state: State, may_be_socket: bool) -> Self {
        let shown = mem::take(&mut state.shown);
        state.uncover(&mut buffer);
        let usable = buffer.len() + buffer.room() - 1;
        let channel = Limited::known(fd, limit, may_be_socket);
        Self { state, buffer, skip: None, shown, channel, usable, refilled: false }
    }

    /// Whether the descriptor may be a socket.
    pub fn may_be_socket(&self) -> bool {
        self.channel.may_be_socket()
    }

    /// The bytes up to and including the delimiter.
    pub fn until(&mut self, delimiter: u8) -> Result<Item, Errno> {
        self.until_found(|state, buffer| {
            state.search(buffer, delimiter);
            state.next(buffer, delimiter)
        })
    }

    /// The bytes up to and including a delimiter of several bytes.
    pub fn until_text(&mut self, delimiter: &Text) -> Result<Item, Errno> {
        if delimiter.len() > self.usable {
            return Err(Errno(libc::EINVAL));
        }
        self.until_found(|state, buffer| state.next_text(buffer, delimiter))
    }

    /// Reads until `next` finds an item in the held bytes.
    fn until_found(
        &mut self,
        mut next: impl FnMut(&mut State, &mut Buffer<'_>) -> Option<Range<usize>>,
    ) -> Result<Item, Errno> {
        loop {
            if let Some(part) = next(&mut self.state, &mut self.buffer) {
                return Ok(Item::Whole(part));
            }
            let length = self.held().len();
            if length >= self.usable {
                self.state.shown = true;
                return Ok(Item::TooLong(self.show()));
            }
            if self.refill(length + 1)? == 0 {
                return Ok(Item::Rest(self.hand_out_all()));
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
                Some(length) => header + length,
                None => header,
            };
            if announced.is_some() && self.held().len() >= wanted {
                let from = self.state.start + header;
                self.state.consume(&self.buffer, wanted);
                let end = self.state.start;
                return Ok(Item::Whole(self.state.hand_out(&mut self.buffer, from, end)));
            }
            if self.refill(wanted)? == 0 {
                return Ok(Item::Rest(self.hand_out_all()));
            }
        }
    }

    /// Fills another buffer: from the held bytes, then directly from the descriptor.
    pub fn read_full(&mut self, into: &mut Buffer<'_>) -> Result<Read, Errno> {
        let taken = self.give(into);
        if taken > 0 && into.room() == 0 {
            return Ok(Read::Done);
        }
        self.read_directly(into, stream::read_full)
    }

    /// Appends held bytes to another buffer, which has room, or if there are none, what one read gives. Returns how many:
    /// 0 is the end of the stream.
    pub fn read_some(&mut self, into: &mut Buffer<'_>) -> Result<usize, Errno> {
        if !self.held().is_empty() {
            return Ok(self.give(into));
        }
        self.read_directly(into, stream::read_some)
    }

    /// Reads into another buffer when nothing is held.
    fn read_directly<T>(&mut self, into: &mut Buffer<'_>, read: impl FnOnce(&mut Limited, &mut Buffer<'_>) -> T) -> T {
        let before = into.len();
        let result = read(&mut self.channel, into);
        if into.len() > before {
            // Bytes that the search does not see come between.
            self.state.forget();
        }
        result
    }

    /// Appends the rest of a line to another buffer, which has room for one byte and a NUL. Adds the NUL on failure too.
    pub fn copy_line(&mut self, into: &mut Buffer<'_>) -> Result<Line, Errno> {
        let result = loop {
            let held = self.held();
            let room = into.room() - 1;
            let fits = held.get(..room).unwrap_or(held);
            let newline = memory::position(b'\n', fits);
            let line = newline.and_then(|index| fits.get(..=index)).unwrap_or(fits);
            let taken = into.extend(line);
            if taken > 0 {
                self.state.consume(&self.buffer, taken);
            }
            if newline.is_some() {
                break Ok(Line::Whole);
            }
            if taken == room {
                break Ok(Line::Cut);
            }
            match self.refill(1) {
                Ok(0) => break Ok(Line::End),
                Ok(_) => {}
                Err(e) => break Err(e),
            }
        };
        into.terminate();
        result
    }

    /// Drops and counts the bytes of one frame, header included, whatever its length and the memory are. The place is kept
    /// in `skip`: until this has returned `Ok`, no other call may read.
    pub fn skip_frame(&mut self, size: HeaderSize, done: &mut usize) -> Result<Read, Errno> {
        let mut skip = self.skip.unwrap_or(Skip::new(size));
        if skip.size != size {
            return Err(Errno(libc::EINVAL));
        }
        let mut dropped = 0;
        loop {
            let length = skip.drop_from(self.held());
            self.state.consume(&self.buffer, length);
            self.skip = Some(skip);
            dropped += length;
            // Header and body can be longer than a 32-bit count.
            *done = done.saturating_add(length);
            if skip.is_over() {
                self.skip = None;
                return Ok(Read::Done);
            }
            if self.refill_at_most(1, self.channel.may_still_move(dropped)?)? == 0 {
                self.skip = None;
                return Ok(Read::End);
            }
        }
    }

    /// Drops and counts the bytes up to and including the next newline.
    pub fn skip_line(&mut self, done: &mut usize) -> Result<Read, Errno> {
        let mut dropped = 0;
        loop {
            let held = self.held();
            let newline = memory::position(b'\n', held);
            let length = newline.map_or(held.len(), |index| index + 1);
            self.state.consume(&self.buffer, length);
            dropped += length;
            // A line can be longer than a 32-bit count.
            *done = done.saturating_add(length);
            if newline.is_some() {
                return Ok(Read::Done);
            }
            if self.refill_at_most(1, self.channel.may_still_move(dropped)?)? == 0 {
                return Ok(Read::End);
            }
        }
    }

    /// Copies held bytes to another buffer, and drops them.
    fn give(&mut self, into: &mut Buffer<'_>) -> usize {
        let held = self.held();
        let (taken, all) = (into.extend(held), held.len());
        if self.shown && taken == all {
            // As `State::take`: the line goes on.
            return self.state.take_all(self.buffer.len());
        }
        // If nothing is taken, a delimiter that taken bytes have begun can still end.
        if taken > 0 {
            self.state.consume(&self.buffer, taken);
        }
        taken
    }

    fn held(&self) -> &[u8] {
        self.state.held(&self.buffer)
    }

    /// Reads once, and waits for that if it must. Makes room for `wanted` bytes in all; 0 is the end of the stream.
    fn refill(&mut self, wanted: usize) -> Result<usize, Errno> {
        self.refill_at_most(wanted, usize::MAX)
    }

    fn refill_at_most(&mut self, wanted: usize, most: usize) -> Result<usize, Errno> {
        // The first read is always tried. Before each later one the clock is checked; the bytes that came were searched
        // already.
        if self.refilled {
            self.channel.go_on()?;
        }
        self.refilled = true;
        let held = self.held().len();
        if held == 0 || self.state.start + wanted > self.usable {
            self.state.move_to_front(&mut self.buffer);
        }
        let room = self.usable - self.buffer.len();
        debug_assert!(room > 0);
        self.channel.read(&mut self.buffer, room.min(most))
    }

    /// All held bytes, returned once: the end of a terminal or of a growing file is not final.
    fn hand_out_all(&mut self) -> Range<usize> {
        let rest = self.show();
        self.state.consume(&self.buffer, rest.len());
        rest
    }

    /// All held bytes, with a NUL after them.
    fn show(&mut self) -> Range<usize> {
        self.buffer.terminate();
        self.state.start..self.buffer.len()
    }
}
