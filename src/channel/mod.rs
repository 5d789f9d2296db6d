//! How bytes move on a descriptor during one call: which system call moves them, and who waits for them. This file has
//! the parts that are the same for all descriptors; [`Limited`] waits within a time limit, [`Own`] as the descriptor's
//! own blocking mode and timeouts say.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]

mod limited;
mod own;

use core::ffi::c_int;

use errno::Errno;
use libc::c_short;

use crate::memory::{self, Buffer, Bytes, IoSlice};
use crate::sys;

pub use limited::{Limited, NOWAIT_BYTES};
pub use own::Own;

/// The kernel never answers a write of bytes with 0. A driver that does has taken none, without a reason.
const NOTHING_TAKEN: Errno = Errno(libc::EIO);

/// A descriptor, and the rule about waiting for it.
pub trait Channel {
    /// Appends at most `most` bytes and returns how many: 0 is the end of the stream.
    fn read(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno>;

    /// Puts at most `most` bytes after the buffer's contents, leaves them in the queue, and returns how many: 0 is the
    /// end of the stream. `ENOTSOCK` if the descriptor cannot be peeked.
    fn peek(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno>;

    /// Sends some of the bytes, of which there is at least one, and returns how many: at least one.
    fn write(&mut self, bytes: Bytes<'_>) -> Result<usize, Errno>;

    /// Called between two attempts of a transfer that moves and is not complete: `EAGAIN` when its time has run out.
    fn go_on(&mut self) -> Result<(), Errno>;

    /// The kernel's answer to a transfer of no bytes: `EBADF` if the descriptor is not open for it.
    fn check(&self, direction: Direction) -> Result<(), Errno>;
}

/// Which way the bytes go.
#[derive(Clone, Copy, PartialEq)]
pub enum Direction {
    /// To us.
    In,
    /// From us.
    Out,
}

impl Direction {
    fn event(self) -> c_short {
        match self {
            Self::In => libc::POLLIN,
            Self::Out => libc::POLLOUT,
        }
    }
}

/// A transfer of no bytes, without a call of the driver. Inline, so that a program that only reads does not link
/// writev.
#[inline(always)]
fn check(fd: c_int, direction: Direction) -> Result<(), Errno> {
    match direction {
        Direction::In => sys::read_nothing(fd),
        Direction::Out => sys::write_nothing(fd),
    }
}

/// One system call that moves bytes, for each way to make it.
trait Attempt {
    const DIRECTION: Direction;

    /// On a socket.
    fn socket(&mut self, fd: c_int, flags: c_int) -> Result<usize, Errno>;

    /// On anything else; waits as the descriptor itself does.
    fn plain(&mut self, fd: c_int) -> Result<usize, Errno>;

    /// With `RWF_NOWAIT`: never waits.
    fn nowait(&mut self, fd: c_int) -> Result<usize, Errno>;

    /// No more than poll(2) has promised for a pipe.
    fn small(&mut self, fd: c_int) -> Result<usize, Errno>;

    /// No more than poll(2) has promised for a terminal; `queued` bytes can be read from it.
    fn terminal(&mut self, fd: c_int, queued: usize) -> Result<usize, Errno>;
}

/// Appends at most so many bytes.
struct Reading<'b, 'm> {
    buffer: &'b mut Buffer<'m>,
    most: usize,
}

impl Attempt for Reading<'_, '_> {
    const DIRECTION: Direction = Direction::In;

    #[inline(always)]
    fn socket(&mut self, fd: c_int, flags: c_int) -> Result<usize, Errno> {
        sys::recv(fd, self.buffer, self.most, flags)
    }

    fn plain(&mut self, fd: c_int) -> Result<usize, Errno> {
        sys::read(fd, self.buffer, self.most)
    }

    fn nowait(&mut self, fd: c_int) -> Result<usize, Errno> {
        sys::read_nowait(fd, self.buffer, self.most)
    }

    fn small(&mut self, fd: c_int) -> Result<usize, Errno> {
        self.plain(fd)
    }

    fn terminal(&mut self, fd: c_int, queued: usize) -> Result<usize, Errno> {
        // 0: an end of file was typed, or the other side has hung up.
        let most = if queued > 0 { self.most.min(queued) } else { self.most };
        sys::read(fd, self.buffer, most)
    }
}

/// Sends some of the bytes.
struct Writing<'a>(Bytes<'a>);

impl Writing<'_> {
    /// At most `most` of the bytes.
    fn piece(&self, fd: c_int, most: usize) -> Result<usize, Errno> {
        sys::write(fd, self.0.get(..most).unwrap_or(self.0))
    }
}

impl Attempt for Writing<'_> {
    const DIRECTION: Direction = Direction::Out;

    #[inline(always)]
    fn socket(&mut self, fd: c_int, flags: c_int) -> Result<usize, Errno> {
        sys::send(fd, self.0, flags | libc::MSG_NOSIGNAL)
    }

    fn plain(&mut self, fd: c_int) -> Result<usize, Errno> {
        sys::write(fd, self.0)
    }

    fn nowait(&mut self, fd: c_int) -> Result<usize, Errno> {
        sys::write_nowait(fd, &[IoSlice::from(self.0)])
    }

    fn small(&mut self, fd: c_int) -> Result<usize, Errno> {
        self.piece(fd, libc::PIPE_BUF)
    }

    fn terminal(&mut self, fd: c_int, _queued: usize) -> Result<usize, Errno> {
        self.piece(fd, terminal_piece(self.0))
    }
}

/// Sends some of the bytes of at most `IOV_MAX` slices, the first of which is not empty.
struct Gathering<'a>(&'a [IoSlice<'a>]);

impl Gathering<'_> {
    fn first(&self) -> Writing<'_> {
        Writing(self.0.first().map(IoSlice::bytes).unwrap_or_default())
    }
}

impl Attempt for Gathering<'_> {
    const DIRECTION: Direction = Direction::Out;

    fn socket(&mut self, fd: c_int, flags: c_int) -> Result<usize, Errno> {
        sys::sendmsg(fd, self.0, flags | libc::MSG_NOSIGNAL)
    }

    fn plain(&mut self, fd: c_int) -> Result<usize, Errno> {
        sys::writev(fd, self.0)
    }

    fn nowait(&mut self, fd: c_int) -> Result<usize, Errno> {
        sys::write_nowait(fd, self.0)
    }

    fn small(&mut self, fd: c_int) -> Result<usize, Errno> {
        self.first().small(fd)
    }

    fn terminal(&mut self, fd: c_int, queued: usize) -> Result<usize, Errno> {
        self.first().terminal(fd, queued)
    }
}

/// How many bytes a terminal takes without waiting once poll(2) reports it writable: 256 if none is a control character
/// (Linux's n_tty has room for so many then), else one control character, because it can become several on its way
/// ("\n" two).
fn terminal_piece(bytes: Bytes<'_>) -> usize {
    const ROOM: usize = 256;
    let plain = bytes.iter().take(ROOM).take_while(|byte| !memory::value(**byte).is_ascii_control()).count();
    plain.max(1)
}
