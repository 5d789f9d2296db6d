//! The buffered reader: one `recv` fills the caller's memory, then lines and frames come out of it without a copy.

use core::ffi::c_int;
use core::ops::Range;

use errno::Errno;

use crate::channel::Channel;
use crate::frame::HeaderSize;
use crate::stream::{self, Read};
use crate::sys::{self, Buffer};
use crate::time::Limit;

/// What a reader keeps between calls, beside its descriptor, its memory and how much of that is filled.
#[derive(Clone, Copy)]
pub struct State {
    /// Where in the memory what is held begins.
    pub start: usize,
    /// How much of it has been searched for the delimiter.
    pub scanned: usize,
    /// The delimiter of that search.
    pub delimiter: u8,
    /// The held byte whose place, at `start`, the NUL behind what was handed out has taken.
    pub covered: Option<u8>,
    /// Whether the descriptor may be a socket.
    pub is_socket: bool,
}

impl State {
    /// Nothing is held.
    pub const NEW: Self = Self { start: 0, scanned: 0, delimiter: b'\n', covered: None, is_socket: true };
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
    channel: Channel,
    /// What the memory can hold: all but the place of a NUL.
    usable: usize,
    refilled: bool,
}

impl<'a> Reader<'a> {
    /// Takes the NUL of the call before back out of what is held.
    pub fn new(fd: c_int, limit: Limit, mut buffer: Buffer<'a>, mut state: State) -> Self {
        if let Some(byte) = state.covered.take() {
            buffer.replace(state.start, byte);
        }
        let usable = buffer.len().saturating_add(buffer.room()).saturating_sub(1);
        let channel = Channel::known(fd, limit, state.is_socket);
        Self { state, buffer, channel, usable, refilled: false }
    }

    /// What comes up to and with the delimiter.
    pub fn until(&mut self, delimiter: u8) -> Result<Item, Errno> {
        if self.state.delimiter != delimiter {
            self.state.delimiter = delimiter;
            self.state.scanned = 0;
        }
        loop {
            let held = self.held();
            let new = held.get(self.state.scanned..).unwrap_or_default();
            if let Some(index) = sys::memchr(delimiter, new) {
                let length = self.state.scanned.saturating_add(index).saturating_add(1);
                return Ok(Item::Whole(self.hand_out(0, length)));
            }
            let length = held.len();
            self.state.scanned = length;
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
                return Ok(Item::Whole(self.hand_out(header, wanted)));
            }
            if self.refill(wanted)? == 0 {
                return Ok(Item::Rest(self.show()));
            }
        }
    }

    /// Fills another buffer: with what is held, then straight from the descriptor.
    pub fn read_full(&mut self, into: &mut Buffer<'_>) -> Result<Read, Errno> {
        let taken = into.extend(self.held());
        self.consume(taken);
        let result = stream::read_full(&mut self.channel, into);
        self.state.is_socket = self.channel.is_socket();
        result
    }

    /// Drops what comes up to and with the next newline, and counts it.
    pub fn skip_line(&mut self, done: &mut usize) -> Result<Read, Errno> {
        loop {
            let held = self.held();
            let newline = sys::memchr(b'\n', held);
            let length = newline.map_or(held.len(), |index| index.saturating_add(1));
            self.consume(length);
            *done = done.saturating_add(length);
            if newline.is_some() {
                return Ok(Read::Done);
            }
            if self.refill(1)? == 0 {
                return Ok(Read::End);
            }
        }
    }

    /// What has arrived and was not handed out.
    fn held(&self) -> &[u8] {
        self.buffer.filled().get(self.state.start..).unwrap_or_default()
    }

    /// One system call for more, with room for `wanted` bytes in all; 0 is the end of the stream.
    fn refill(&mut self, wanted: usize) -> Result<usize, Errno> {
        // Time is looked at only when there has been some progress, and after what that brought.
        if self.refilled {
            self.channel.check_time()?;
        }
        self.refilled = true;
        let held = self.held().len();
        if held == 0 || self.state.start.saturating_add(wanted) > self.usable {
            self.buffer.drop_front(self.state.start);
            self.state.start = 0;
        }
        let room = self.usable.saturating_sub(self.buffer.len());
        let result = self.channel.read(&mut self.buffer, room);
        self.state.is_socket = self.channel.is_socket();
        result
    }

    /// What is held is shorter by so much from now on.
    fn consume(&mut self, length: usize) {
        self.state.start = self.state.start.saturating_add(length).min(self.buffer.len());
        self.state.scanned = self.state.scanned.saturating_sub(length);
    }

    /// Consumes `length` bytes and gives those after the first `skip`, with a NUL behind them.
    fn hand_out(&mut self, skip: usize, length: usize) -> Range<usize> {
        let from = self.state.start.saturating_add(skip);
        self.consume(length);
        self.state.scanned = 0;
        // The NUL takes the place of what comes next, until the next call.
        self.state.covered = self.buffer.replace(self.state.start, 0);
        if self.state.covered.is_none() {
            self.buffer.terminate();
        }
        from..self.state.start
    }

    /// All that is held, with a NUL behind it.
    fn show(&mut self) -> Range<usize> {
        self.buffer.terminate();
        self.state.start..self.buffer.len()
    }
}
