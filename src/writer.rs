//! The buffered writer: small pieces are copied to the caller's memory, and leave together.
//!
//! The held bytes are in a row, not in a ring: they leave as one slice, and a pipe, which takes one slice at a time,
//! gets them all. They move to the front when a piece would fit nowhere else. That is at most one move for each system
//! call that took some of them.

use errno::Errno;

use crate::channel::{Channel as _, Limited};
use crate::memory::{Buffer, Bytes, IoSlice};

/// What one call puts: a header, which may be empty, and a body.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    /// The length of a frame.
    pub header: Bytes<'a>,
    /// The caller's bytes.
    pub body: Bytes<'a>,
}

impl<'a> Piece<'a> {
    /// Header and body, in bytes.
    pub fn len(&self) -> usize {
        self.header.len() + self.body.len()
    }

    /// The bytes from `done` on.
    fn rest(&self, done: usize) -> [Bytes<'a>; 2] {
        let of_header = done.min(self.header.len());
        let of_body = done - of_header;
        [self.header.get(of_header..).unwrap_or_default(), self.body.get(of_body..).unwrap_or_default()]
    }
}

/// A writer during one call.
pub struct Writer<'a> {
    /// The memory, filled up to the end of the held bytes.
    pub buffer: Buffer<'a>,
    /// The first byte that the kernel has not taken.
    pub start: usize,
}

impl Writer<'_> {
    /// How many bytes are held.
    fn held(&self) -> usize {
        debug_assert!(self.start <= self.buffer.len());
        self.buffer.len() - self.start
    }

    /// Holds the piece from `done` on if it fits as a whole, and reports whether it did.
    pub fn hold(&mut self, piece: Piece<'_>, done: &mut usize) -> bool {
        debug_assert!(*done <= piece.len());
        let wanted = piece.len() - *done;
        if wanted > self.buffer.room() {
            if wanted > self.buffer.room() + self.start {
                return false;
            }
            self.buffer.drop_front(self.start);
            self.start = 0;
        }
        for part in piece.rest(*done) {
            self.buffer.extend_raw(part);
        }
        *done = piece.len();
        true
    }

    /// Sends the held bytes and the piece from `done` on, until what is left of the piece can be held. A piece that is
    /// no longer than the memory is held or taken as a whole, or not at all: once the kernel has taken its first byte,
    /// nothing else is held, and the rest fits.
    pub fn send(&mut self, channel: &mut Limited, piece: Piece<'_>, done: &mut usize) -> Result<(), Errno> {
        loop {
            let held = self.held();
            let [header, body] = piece.rest(*done);
            let slices = [self.bytes(), header, body].map(IoSlice::from);
            // The first slice must have bytes.
            let empty = slices.iter().take_while(|slice| slice.bytes().is_empty()).count();
            let taken = channel.writev(slices.get(empty..).unwrap_or_default())?;
            debug_assert!(taken <= held + piece.len() - *done);
            let of_held = taken.min(held);
            *done += taken - of_held;
            self.sent(of_held);
            if self.hold(piece, done) {
                return Ok(());
            }
            channel.go_on()?;
        }
    }

    /// Sends the held bytes.
    pub fn flush(&mut self, channel: &mut Limited) -> Result<(), Errno> {
        loop {
            // The call that send makes, so that its code is there once.
            let taken = channel.writev(&[IoSlice::from(self.bytes())])?;
            self.sent(taken);
            if self.held() == 0 {
                return Ok(());
            }
            channel.go_on()?;
        }
    }

    /// The held bytes.
    fn bytes(&self) -> Bytes<'_> {
        self.buffer.raw().get(self.start..).unwrap_or_default()
    }

    /// The kernel has taken so many of the held bytes.
    fn sent(&mut self, count: usize) {
        self.start += count;
        if self.held() == 0 {
            self.buffer.drop_front(self.start);
            self.start = 0;
        }
    }
}
