//! A stream descriptor during one call: which system call moves its bytes, and how long to wait for it.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]

use core::ffi::c_int;

use errno::Errno;
use libc::c_short;

use crate::sys::{self, Address, Buffer, Bytes, IoSlice};
use crate::time::{self, Instant, Limit};

/// The kernel never answers a write of bytes with 0; a driver that does has taken none, and says no more.
const NOTHING_TAKEN: Errno = Errno(libc::EIO);

/// Which system calls move the bytes.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// `recv` and `send`: what every descriptor is taken for until the kernel says ENOTSOCK.
    Socket,
    /// None of the others yet: not a socket, and not asked further.
    NoSocket,
    /// `read` and `write`, which may block: the limit allows it, or it is a file, which never keeps one waiting.
    Plain,
    /// `preadv2` and `pwritev2` with `RWF_NOWAIT`: a pipe on a Linux that has it for pipes.
    NoWait,
    /// `poll`, then `read`, or `write` of no more than a ready pipe takes whole: every other.
    Polled,
}

/// Which way the bytes go.
#[derive(Clone, Copy)]
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

    fn wrong_mode(self) -> c_int {
        match self {
            Self::In => libc::O_WRONLY,
            Self::Out => libc::O_RDONLY,
        }
    }

    fn timeout_option(self) -> c_int {
        match self {
            Self::In => libc::SO_RCVTIMEO,
            Self::Out => libc::SO_SNDTIMEO,
        }
    }
}

/// One system call that moves bytes, by the way given. Where it moves the bytes of a whole transfer it is no closure:
/// one that has several callers would be a call for each attempt.
trait Attempt<const OWN: bool, T> {
    fn make(&mut self, fd: c_int, way: Way, flags: c_int) -> Result<T, Errno>;
}

impl<const OWN: bool, T, F: FnMut(c_int, Way, c_int) -> Result<T, Errno>> Attempt<OWN, T> for F {
    fn make(&mut self, fd: c_int, way: Way, flags: c_int) -> Result<T, Errno> {
        self(fd, way, flags)
    }
}

/// Appends at most so many bytes.
struct Reading<'b, 'm> {
    buffer: &'b mut Buffer<'m>,
    most: usize,
}

impl<const OWN: bool> Attempt<OWN, usize> for Reading<'_, '_> {
    #[inline(always)]
    fn make(&mut self, fd: c_int, way: Way, flags: c_int) -> Result<usize, Errno> {
        match way {
            Way::Socket => sys::recv(fd, self.buffer, self.most, flags),
            Way::NoWait if !OWN => sys::read_nowait(fd, self.buffer, self.most),
            Way::Polled if !OWN => {
                ready_now(fd, Direction::In)?;
                sys::read(fd, self.buffer, self.most)
            }
            _ => sys::read(fd, self.buffer, self.most),
        }
    }
}

/// Sends some of the bytes.
struct Writing<'a>(Bytes<'a>);

impl<const OWN: bool> Attempt<OWN, usize> for Writing<'_> {
    #[inline(always)]
    fn make(&mut self, fd: c_int, way: Way, flags: c_int) -> Result<usize, Errno> {
        match way {
            Way::Socket => sys::send(fd, self.0, flags | libc::MSG_NOSIGNAL),
            Way::NoWait if !OWN => sys::write_nowait(fd, &[IoSlice::from(self.0)]),
            Way::Polled if !OWN => {
                ready_now(fd, Direction::Out)?;
                sys::write(fd, self.0.get(..libc::PIPE_BUF).unwrap_or(self.0))
            }
            _ => sys::write(fd, self.0),
        }
    }
}

/// Who waits between two attempts.
#[derive(Clone, Copy, Default, PartialEq)]
enum Wait {
    /// Nobody has waited here.
    #[default]
    NotYet,
    /// We shall: the attempts no longer do it themselves.
    Here,
    /// We have, and poll called the descriptor ready, or the time is over.
    Done,
}

/// A descriptor, and how long the call at hand may wait for it. `OWN`: as long as its own blocking mode and timeouts
/// say. That is decided when this is compiled, so that who uses nothing but the classic calls links nothing but them.
pub struct Channel<const OWN: bool = false> {
    fd: c_int,
    limit: Limit,
    way: Way,
}

impl Channel<true> {
    /// Nothing is asked of the kernel yet.
    pub fn own(fd: c_int) -> Self {
        Self { fd, limit: Limit::Forever, way: Way::Socket }
    }
}

impl Channel {
    /// Nothing is asked of the kernel yet.
    pub fn new(fd: c_int, limit: Limit) -> Self {
        Self { fd, limit, way: Way::Socket }
    }

    /// For a descriptor about which an earlier channel has found out whether it is a socket.
    pub fn known(fd: c_int, limit: Limit, is_socket: bool) -> Self {
        Self { way: if is_socket { Way::Socket } else { Way::NoSocket }, ..Self::new(fd, limit) }
    }
}

impl<const OWN: bool> Channel<OWN> {
    /// Whether it may be a socket: true until the kernel has said ENOTSOCK.
    pub fn is_socket(&self) -> bool {
        self.way == Way::Socket
    }

    /// Appends at most `most` bytes and says how many: 0 is the end of the stream.
    #[inline(always)]
    pub fn read(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
        self.complete(Direction::In, Reading { buffer, most })
    }

    /// Puts at most `most` bytes behind the buffer's contents, leaves them in the queue, and says how many: 0 is the
    /// end of the stream. `ENOTSOCK` where there is no queue to look into.
    pub fn peek(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
        self.socket_call(Direction::In, |fd, flags| sys::peek(fd, buffer, most, flags))
    }

    /// Sends some of the bytes, of which there is at least one, and says how many: at least one.
    #[inline(always)]
    pub fn write(&mut self, bytes: Bytes<'_>) -> Result<usize, Errno> {
        let taken = self.complete(Direction::Out, Writing(bytes))?;
        if taken == 0 { Err(NOTHING_TAKEN) } else { Ok(taken) }
    }

    /// Sends some of the bytes of at most `IOV_MAX` slices, the first of which is not empty, and says how many.
    pub fn writev(&mut self, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let taken = self.complete(Direction::Out, |fd, way, flags| match way {
            Way::Socket => sys::sendmsg(fd, slices, flags | libc::MSG_NOSIGNAL),
            Way::NoSocket | Way::Plain => sys::writev(fd, slices),
            Way::NoWait => sys::write_nowait(fd, slices),
            Way::Polled => {
                ready_now(fd, Direction::Out)?;
                let bytes = slices.first().map(IoSlice::bytes).unwrap_or_default();
                sys::write(fd, bytes.get(..libc::PIPE_BUF).unwrap_or(bytes))
            }
        })?;
        if taken == 0 { Err(NOTHING_TAKEN) } else { Ok(taken) }
    }

    /// A connection that waits at a listener.
    pub fn accept(&mut self, peer: &mut Address, flags: c_int) -> Result<c_int, Errno> {
        let polled = !self.limit.may_block();
        self.socket_call(Direction::In, |fd, _| {
            // There is no flag that makes accept itself not wait.
            if polled {
                match ready_now(fd, Direction::In) {
                    // What does not listen may never be ready, and -1 never is: accept says so, and cannot wait.
                    Err(Errno(libc::EAGAIN))
                        if sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN)? == 0 => {}
                    ready => ready?,
                }
            }
            sys::accept(fd, peer, flags)
        })
    }

    /// A call that only sockets have; its second argument is what its flags must hold.
    pub fn socket_call<T>(
        &mut self,
        direction: Direction,
        mut call: impl FnMut(c_int, c_int) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        self.complete(direction, |fd, way, flags| match way {
            Way::Socket => call(fd, flags),
            _ => Err(Errno(libc::ENOTSOCK)),
        })
    }

    /// `EAGAIN` when the time is up, for a transfer that is not complete although it keeps moving.
    pub fn check_time(&self) -> Result<(), Errno> {
        if OWN { Ok(()) } else { self.limit.check() }
    }

    /// Repeats the attempt until it moves something or fails for good: signals are passed over, and "not yet" is waited
    /// out as the limit allows.
    #[inline(always)]
    fn complete<T>(&mut self, direction: Direction, mut attempt: impl Attempt<OWN, T>) -> Result<T, Errno> {
        // SO_RCVTIMEO and SO_SNDTIMEO count from here, and cannot be asked later how much of them has passed.
        let start = if OWN { Instant::now_coarse().ok() } else { None };
        let mut wait = Wait::NotYet;
        loop {
            if !OWN && self.way == Way::NoSocket {
                self.way = self.way_of_a_non_socket();
            }
            // MSG_DONTWAIT, not O_NONBLOCK: that one belongs to every process that shares the descriptor.
            let may_block = if OWN { wait == Wait::NotYet } else { self.limit.may_block() };
            match attempt.make(self.fd, self.way, if may_block { 0 } else { libc::MSG_DONTWAIT }) {
                Ok(answer) => return Ok(answer),
                Err(e) if OWN => self.outlast(e, direction, start, &mut wait)?,
                Err(e) => self.overcome(e, direction, &mut wait)?,
            }
        }
    }

    /// Does what lets the attempt be repeated. Out of the way of an attempt that succeeds.
    #[cold]
    #[inline(never)]
    fn overcome(&mut self, e: Errno, direction: Direction, wait: &mut Wait) -> Result<(), Errno> {
        let before = core::mem::take(wait);
        match e {
            Errno(libc::EINTR) => {}
            Errno(libc::EAGAIN) if !matches!(self.limit, Limit::NoWait) => {
                // poll(2) calls some ready that are not: an unconnected Unix datagram socket whose receiver is full, or
                // one with an error in its error queue. They must neither spin nor outlast their time.
                if before == Wait::Done {
                    time::pause(self.limit)?;
                }
                time::wait(self.fd, direction.event(), self.limit)?;
                *wait = Wait::Done;
            }
            Errno(libc::ENOTSOCK) if self.way == Way::Socket => self.way = Way::NoSocket,
            Errno(libc::EOPNOTSUPP) if self.way == Way::NoWait => self.way = Way::Polled,
            Errno(libc::ENOSYS) if self.way == Way::NoWait => {
                // The call has looked at nothing, and poll would wait at the wrong end of a pipe.
                if sys::status_flags(self.fd)? & libc::O_ACCMODE == direction.wrong_mode() {
                    return Err(Errno(libc::EBADF));
                }
                self.way = Way::Polled;
            }
            e => return Err(e),
        }
        Ok(())
    }

    /// The same where the descriptor's own modes rule. After a signal the kernel would start its timeout anew: from then
    /// on the rest of it is waited for here, and the attempts do not wait.
    #[cold]
    #[inline(never)]
    fn outlast(
        &mut self,
        e: Errno,
        direction: Direction,
        start: Option<Instant>,
        wait: &mut Wait,
    ) -> Result<(), Errno> {
        match e {
            Errno(libc::EINTR) => {}
            Errno(libc::EAGAIN) if *wait != Wait::NotYet => {}
            Errno(libc::ENOTSOCK) if self.way == Way::Socket => {
                self.way = Way::Plain;
                return Ok(());
            }
            e => return Err(e),
        }
        let (Some(start), Way::Socket) = (start, self.way) else {
            return Ok(());
        };
        let timeout = sys::socket_timeout(self.fd, direction.timeout_option())?;
        if timeout.tv_sec == 0 && timeout.tv_usec == 0 {
            return Ok(());
        }
        if e.0 == libc::EINTR {
            *wait = Wait::Here;
            return Ok(());
        }
        let left = start.left_of(timeout)?;
        if left == 0 {
            return Err(Errno(libc::EAGAIN));
        }
        // As above, what is called ready and is not must not spin: every other time a moment passes.
        let (fd, ms, next) =
            if *wait == Wait::Done { (-1, time::MOMENT_MS, Wait::Here) } else { (self.fd, left, Wait::Done) };
        *wait = next;
        time::poll_once(fd, direction.event(), ms)
    }

    #[cold]
    fn way_of_a_non_socket(&self) -> Way {
        // What has an offset is a file: it is always "ready", RWF_NOWAIT would refuse what is not in the page cache.
        if self.limit.may_block() || sys::has_offset(self.fd) { Way::Plain } else { Way::NoWait }
    }
}

/// `EAGAIN` unless a `read` or a small `write` would find the descriptor ready.
fn ready_now(fd: c_int, direction: Direction) -> Result<(), Errno> {
    time::wait(fd, direction.event(), Limit::NoWait).map(|_| ())
}
