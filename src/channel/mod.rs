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
use crate::time::{self, Limit};

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

    /// The errno for a failed call in this direction.
    #[inline(always)]
    fn errno(self, e: Errno) -> Errno {
        match self {
            Self::In => e,
            Self::Out => sys::send_error(e),
        }
    }

    /// Flags that keep a call on a socket from waiting; 0 if the system has none.
    #[inline(always)]
    fn nowait_flags(self) -> c_int {
        match self {
            Self::In => sys::RECV_NOWAIT,
            Self::Out => sys::SEND_NOWAIT,
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

/// Whether a send may have to be small, because no flag keeps it from waiting.
const PROMISES_ARE_SMALL: bool = sys::SEND_NOWAIT == 0;

/// How a call on a socket is kept from waiting.
struct Unwaiting {
    flags: c_int,
    /// The most bytes that it may send.
    most: usize,
}

impl Unwaiting {
    /// For a call that may block by itself, or must not: by a flag, which is chosen without a branch. Not by `O_NONBLOCK`,
    /// which would change for every process that shares the descriptor. Where there is no such flag: if poll(2) reports
    /// the socket ready, by no more bytes than it has room for.
    #[inline(always)]
    fn new(may_block: bool, fd: c_int, direction: Direction) -> Result<Self, Errno> {
        let flags = direction.nowait_flags();
        if flags == 0 && !may_block {
            return Self::by_poll(fd, direction);
        }
        Ok(Self { flags: if may_block { 0 } else { flags }, most: usize::MAX })
    }

    #[cold]
    fn by_poll(fd: c_int, direction: Direction) -> Result<Self, Errno> {
        // What is no socket says so here: poll(2) would wait at the wrong end of a pipe. A listener is not ready for either
        // direction, and the call fails at once.
        if sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN)? != 0 {
            return Ok(Self { flags: 0, most: usize::MAX });
        }
        // An error alone is one that the call reports.
        time::wait(fd, direction.event(), Limit::NoWait)?;
        let most = if direction == Direction::Out { sys::send_room(fd) } else { usize::MAX };
        if most == 0 { Err(Errno(libc::EAGAIN)) } else { Ok(Self { flags: 0, most }) }
    }
}

/// `EAGAIN` unless a `read` or a small `write` would find the descriptor ready.
fn ready_now(fd: c_int, direction: Direction) -> Result<(), Errno> {
    let revents = time::wait(fd, direction.event(), Limit::NoWait)?;
    // An error alone does not mean that read succeeds: a blocking userfaultfd always has one. A writer gets it from
    // write.
    let only_error = revents == libc::POLLERR;
    if only_error && direction == Direction::In { Err(Errno(libc::EAGAIN)) } else { Ok(()) }
}

/// One system call that moves bytes, for each way to make it.
trait Attempt {
    const DIRECTION: Direction;

    /// On a socket, with these flags; sends at most `most` bytes.
    fn socket(&mut self, fd: c_int, flags: c_int, most: usize) -> Result<usize, Errno>;

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
    fn socket(&mut self, fd: c_int, flags: c_int, _most: usize) -> Result<usize, Errno> {
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
    fn socket(&mut self, fd: c_int, flags: c_int, most: usize) -> Result<usize, Errno> {
        let bytes = if PROMISES_ARE_SMALL { self.0.get(..most).unwrap_or(self.0) } else { self.0 };
        sys::send(fd, bytes, flags | libc::MSG_NOSIGNAL)
    }

    fn plain(&mut self, fd: c_int) -> Result<usize, Errno> {
        sys::write(fd, self.0)
    }

    fn nowait(&mut self, fd: c_int) -> Result<usize, Errno> {
        sys::write_nowait(fd, &[IoSlice::from(self.0)])
    }

    fn small(&mut self, fd: c_int) -> Result<usize, Errno> {
        self.piece(fd, sys::PIPE_BUF)
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

    /// The first slices, as many as have at most so many bytes together; `None` if the first alone has more.
    #[inline(always)]
    fn within(&self, most: usize) -> Option<&[IoSlice<'_>]> {
        if PROMISES_ARE_SMALL || sys::allowed(usize::MAX) < usize::MAX {
            self.cut(sys::allowed(most))
        } else {
            Some(self.0)
        }
    }

    #[cold]
    fn cut(&self, most: usize) -> Option<&[IoSlice<'_>]> {
        let mut left = most;
        let fits = |slice: &&IoSlice<'_>| {
            let rest = left.checked_sub(slice.bytes().len());
            left = rest.unwrap_or(0);
            rest.is_some()
        };
        match self.0.iter().take_while(fits).count() {
            0 => None,
            count => self.0.get(..count),
        }
    }
}

impl Attempt for Gathering<'_> {
    const DIRECTION: Direction = Direction::Out;

    fn socket(&mut self, fd: c_int, flags: c_int, most: usize) -> Result<usize, Errno> {
        match self.within(most) {
            None => self.first().socket(fd, flags, most),
            Some(slices) => sys::sendmsg(fd, slices, flags | libc::MSG_NOSIGNAL),
        }
    }

    fn plain(&mut self, fd: c_int) -> Result<usize, Errno> {
        match self.within(usize::MAX) {
            None => self.first().plain(fd),
            Some(slices) => sys::writev(fd, slices),
        }
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
