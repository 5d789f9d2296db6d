//! A stream descriptor during one call: which system call moves its bytes, and how long to wait for it.

use core::ffi::c_int;

use errno::Errno;
use libc::c_short;

use crate::sys::{self, Address, Buffer, Bytes, IoSlice};
use crate::time::{self, Instant, Limit};

/// The kernel never answers a write of bytes with 0; a driver that does has taken none, and says no more.
const NOTHING_TAKEN: Errno = Errno(libc::EIO);

/// A tick of the slowest timer that Linux is built with.
const TICK_MS: c_int = 10;

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

    fn timeout_option(self) -> c_int {
        match self {
            Self::In => libc::SO_RCVTIMEO,
            Self::Out => libc::SO_SNDTIMEO,
        }
    }
}

/// How far the attempts at one system call have come.
struct Effort {
    limit: Limit,
    /// When it began, where that matters.
    start: Option<Instant>,
    /// Whether poll has just said that the descriptor is ready.
    was_ready: bool,
}

/// A descriptor, and how long the call at hand may wait for it.
pub struct Channel {
    fd: c_int,
    limit: Limit,
    way: Way,
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

    /// Whether it may be a socket: true until the kernel has said ENOTSOCK.
    pub fn is_socket(&self) -> bool {
        self.way == Way::Socket
    }

    /// Appends at most `most` bytes and says how many: 0 is the end of the stream.
    pub fn read(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
        self.complete(Direction::In, |fd, way, flags| match way {
            Way::Socket => sys::recv(fd, buffer, most, flags),
            Way::NoSocket | Way::Plain => sys::read(fd, buffer, most),
            Way::NoWait => sys::read_nowait(fd, buffer, most),
            Way::Polled => {
                ready_now(fd, Direction::In)?;
                sys::read(fd, buffer, most)
            }
        })
    }

    /// Puts at most `most` bytes behind the buffer's contents, leaves them in the queue, and says how many: 0 is the
    /// end of the stream. `ENOTSOCK` where there is no queue to look into.
    pub fn peek(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
        self.socket_call(Direction::In, |fd, flags| sys::peek(fd, buffer, most, flags))
    }

    /// Sends some of the bytes, of which there is at least one, and says how many: at least one.
    pub fn write(&mut self, bytes: Bytes<'_>) -> Result<usize, Errno> {
        let taken = self.complete(Direction::Out, |fd, way, flags| match way {
            Way::Socket => sys::send(fd, bytes, flags | libc::MSG_NOSIGNAL),
            Way::NoSocket | Way::Plain => sys::write(fd, bytes),
            Way::NoWait => sys::write_nowait(fd, &[IoSlice::from(bytes)]),
            Way::Polled => {
                ready_now(fd, Direction::Out)?;
                sys::write(fd, bytes.get(..libc::PIPE_BUF).unwrap_or(bytes))
            }
        })?;
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
        self.limit.check()
    }

    /// Repeats the attempt until it moves something or fails for good: signals are passed over, and "not yet" is waited
    /// out as the limit allows.
    fn complete<T>(
        &mut self,
        direction: Direction,
        mut attempt: impl FnMut(c_int, Way, c_int) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        // SO_RCVTIMEO and SO_SNDTIMEO count from here, and cannot be asked later how much of them has passed.
        let start = if matches!(self.limit, Limit::Own) { Instant::now_coarse().ok() } else { None };
        let mut effort = Effort { limit: self.limit, start, was_ready: false };
        loop {
            if self.way == Way::NoSocket {
                self.way = self.way_of_a_non_socket(effort.limit);
            }
            // MSG_DONTWAIT, not O_NONBLOCK: that one belongs to every process that shares the descriptor.
            let flags = if effort.limit.may_block() { 0 } else { libc::MSG_DONTWAIT };
            match attempt(self.fd, self.way, flags) {
                Ok(answer) => return Ok(answer),
                Err(e) => self.overcome(e, direction, &mut effort)?,
            }
        }
    }

    /// Does what lets the attempt be repeated. Out of the way of an attempt that succeeds.
    #[cold]
    #[inline(never)]
    fn overcome(&mut self, e: Errno, direction: Direction, effort: &mut Effort) -> Result<(), Errno> {
        let was_ready = core::mem::take(&mut effort.was_ready);
        match e {
            Errno(libc::EINTR) => {
                // The kernel would start the descriptor's own timeout anew for every signal.
                if let (Limit::Own, Some(start)) = (effort.limit, effort.start) {
                    effort.limit = self.own_timeout(direction, start)?;
                }
            }
            Errno(libc::EAGAIN) if !matches!(effort.limit, Limit::Own | Limit::NoWait) => {
                // poll(2) calls some ready that are not: an unconnected Unix datagram socket whose receiver is full, or
                // one with an error in its error queue. They must neither spin nor outlast their time.
                if was_ready {
                    time::pause(effort.limit)?;
                }
                time::wait(self.fd, direction.event(), effort.limit)?;
                effort.was_ready = true;
            }
            Errno(libc::ENOTSOCK) if self.way == Way::Socket => self.way = Way::NoSocket,
            Errno(libc::EOPNOTSUPP | libc::ENOSYS) if self.way == Way::NoWait => self.way = Way::Polled,
            e => return Err(e),
        }
        Ok(())
    }

    /// The end of the descriptor's own timeout, for a call that began at `start`.
    fn own_timeout(&self, direction: Direction, start: Instant) -> Result<Limit, Errno> {
        if self.way != Way::Socket {
            return Ok(Limit::Own);
        }
        let timeout = sys::socket_timeout(self.fd, direction.timeout_option())?;
        let none = timeout.tv_sec == 0 && timeout.tv_usec == 0;
        // The coarse clock is up to a tick behind, and a timeout may come late, never early.
        Ok(if none { Limit::Own } else { Limit::Until(start.after(timeout).after_ms(TICK_MS)) })
    }

    #[cold]
    fn way_of_a_non_socket(&self, limit: Limit) -> Way {
        // What has an offset is a file: it is always "ready", RWF_NOWAIT would refuse what is not in the page cache.
        if limit.may_block() || sys::has_offset(self.fd) { Way::Plain } else { Way::NoWait }
    }
}

/// `EAGAIN` unless a `read` or a small `write` would find the descriptor ready.
fn ready_now(fd: c_int, direction: Direction) -> Result<(), Errno> {
    time::wait(fd, direction.event(), Limit::NoWait).map(|_| ())
}
