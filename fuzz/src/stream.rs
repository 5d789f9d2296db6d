//! A stream that is fed between the calls that read it, so that what is there is known to the byte.

use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, c_uint};

use crate::model::Rest;

/// The bytes that a pipe and a socket take at once, without a reader.
const FITS: usize = 30_000;

/// How many pieces may be small.
const SMALL_PIECES: usize = 100;

/// A socket pair, or a pipe.
pub fn pair(socket: bool) -> (OwnedFd, OwnedFd) {
    let mut ends: [c_int; 2] = [-1; 2];
    let made = if socket {
        unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, ends.as_mut_ptr()) }
    } else {
        unsafe { libc::pipe(ends.as_mut_ptr()) }
    };
    assert_eq!(made, 0);
    let [reader, writer] = ends.map(|fd| unsafe { OwnedFd::from_raw_fd(fd) });
    (reader, writer)
}

/// The bytes in a descriptor's queue.
pub fn queued(fd: c_int) -> usize {
    let mut count: c_int = 0;
    assert_eq!(unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut count) }, 0);
    count as c_uint as usize
}

/// An input on its way through a descriptor.
pub struct Source {
    input: Vec<u8>,
    fed: usize,
    /// The sizes of the pieces, again and again.
    sizes: Vec<usize>,
    pieces: usize,
    reader: OwnedFd,
    /// `None` once the stream has ended.
    writer: Option<std::fs::File>,
}

impl Source {
    pub fn new(socket: bool, input: Vec<u8>, sizes: Vec<usize>) -> Self {
        let (reader, writer) = pair(socket);
        Self { input, fed: 0, sizes, pieces: 0, reader, writer: Some(writer.into()) }
    }

    pub fn fd(&self) -> c_int {
        self.reader.as_raw_fd()
    }

    pub fn len(&self) -> usize {
        self.input.len()
    }

    pub fn is_empty(&self) -> bool {
        self.input.is_empty()
    }

    /// What a call finds after `handed_out` bytes.
    pub fn rest(&self, handed_out: usize) -> Rest<'_> {
        Rest { bytes: &self.input[handed_out..self.fed], ended: self.writer.is_none() }
    }

    /// The bytes that have been taken out of the descriptor.
    pub fn taken(&self) -> usize {
        self.fed - queued(self.fd())
    }

    /// Has the next piece there, or the end.
    pub fn more(&mut self) {
        let Some(writer) = &mut self.writer else { return };
        let rest = &self.input[self.fed..];
        if rest.is_empty() {
            self.writer = None;
            return;
        }
        let room = FITS - queued(self.reader.as_raw_fd()).min(FITS);
        let planned = self.sizes.get(self.pieces % self.sizes.len().max(1)).copied().unwrap_or(rest.len());
        // Each piece costs the kernel more than its bytes, so there is no room for many small ones.
        let least = if self.pieces < SMALL_PIECES { 1 } else { 1000 };
        let size = planned.max(least).min(rest.len()).min(room);
        self.pieces += 1;
        writer.write_all(&rest[..size]).expect("there is room");
        self.fed += size;
    }
}
