//! Transfers that wait within a time limit, whatever the descriptor's own modes are.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]

use core::ffi::c_int;

use errno::Errno;

use super::{Attempt, Channel, Direction, Gathering, NOTHING_TAKEN, Reading, Unwaiting, Writing, ready_now};
use crate::memory::{Buffer, Bytes, IoSlice};
use crate::socket::uninterrupted;
use crate::sys::{self, Address, FileKind};
use crate::time::{self, Limit};

/// The most bytes that a call without a length may move if it never waits.
pub const NOWAIT_BYTES: usize = 256 * 1024;

/// A descriptor, and how long this call may wait for it.
pub struct Limited {
    fd: c_int,
    limit: Limit,
    way: Way,
}

/// Which system calls move the bytes.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// `recv` and `send`: every descriptor counts as a socket until the kernel answers ENOTSOCK.
    AsSocket,
    /// Not a socket; the kind is still unknown.
    Unknown,
    /// `read` and `write`: without a limit they may wait themselves.
    Plain,
    /// `preadv2` and `pwritev2` with `RWF_NOWAIT`, if the kernel has it for this kind: pipes, eventfd, timerfd ...
    NoWait,
    /// `poll`, then `read`, or `write` of no more than a ready pipe takes at once: FIFOs, and all kinds without
    /// RWF_NOWAIT.
    Polled,
    /// `poll`, then `read` or `write` of all: a file is always ready, or (/proc/kmsg) poll reports when. RWF_NOWAIT
    /// would refuse data that is not in the page cache.
    File,
    /// `poll`, then no more than a terminal has or takes, whatever VMIN and VTIME are.
    Terminal,
}

impl Limited {
    /// Nothing is asked of the kernel yet.
    pub fn new(fd: c_int, limit: Limit) -> Self {
        Self { fd, limit, way: Way::AsSocket }
    }

    /// For a descriptor whose kind (socket or not) an earlier call has found.
    pub fn known(fd: c_int, limit: Limit, may_be_socket: bool) -> Self {
        Self { way: if may_be_socket { Way::AsSocket } else { Way::Unknown }, ..Self::new(fd, limit) }
    }

    /// The descriptor.
    pub fn fd(&self) -> c_int {
        self.fd
    }

    /// Whether it may be a socket: true until the kernel has answered ENOTSOCK.
    pub fn may_be_socket(&self) -> bool {
        self.way == Way::AsSocket
    }

    /// Sends some of the bytes of at most `IOV_MAX` slices, the first of which is not empty, and returns how many: at
    /// least one.
    #[inline(always)]
    pub fn writev(&mut self, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
        match self.transfer(Gathering(slices))? {
            0 => Err(NOTHING_TAKEN),
            taken => Ok(taken),
        }
    }

    /// A connection that waits at a listener.
    pub fn accept(&mut self, peer: &mut Address, flags: c_int) -> Result<c_int, Errno> {
        let may_block = self.limit.may_block();
        self.until_done(Direction::In, |fd| {
            // accept has no flag that keeps it from waiting.
            if !may_block {
                match time::wait(fd, libc::POLLIN, Limit::NoWait) {
                    // A socket that does not listen may never be ready, and -1 never is: accept fails at once for both.
                    Err(Errno(libc::EAGAIN))
                        if sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN)? == 0 => {}
                    ready => _ = ready?,
                }
            }
            sys::accept(fd, peer, flags)
        })
    }

    /// A call that only sockets have, repeated until it succeeds or fails for good. Its arguments are the flags that it
    /// must use, and the most bytes of a stream that it may send.
    pub fn socket_call<T>(
        &mut self,
        direction: Direction,
        mut call: impl FnMut(c_int, c_int, usize) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let may_block = self.limit.may_block();
        self.until_done(direction, |fd| {
            let with = Unwaiting::new(may_block, fd, direction)?;
            call(fd, with.flags, with.most)
        })
    }

    /// Repeats a call that does not wait longer than the limit allows.
    #[inline(always)]
    fn until_done<T>(
        &mut self,
        direction: Direction,
        mut call: impl FnMut(c_int) -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        let mut was_ready = false;
        loop {
            match call(self.fd) {
                Ok(answer) => return Ok(answer),
                Err(e) => self.wait(e, direction, &mut was_ready)?,
            }
        }
    }

    /// How many bytes a call without a length may still move when it has moved so many: at least one, or `EAGAIN`. A
    /// call that never waits must end even if the peer goes on sending.
    pub fn may_still_move(&self, moved: usize) -> Result<usize, Errno> {
        match self.limit {
            Limit::NoWait if moved >= NOWAIT_BYTES => Err(Errno(libc::EAGAIN)),
            Limit::NoWait => Ok(NOWAIT_BYTES - moved),
            _ => Ok(usize::MAX),
        }
    }

    /// Repeats the attempt until it moves something or fails for good.
    #[inline(always)]
    fn transfer<A: Attempt>(&mut self, mut attempt: A) -> Result<usize, Errno> {
        let mut was_ready = false;
        loop {
            let result = if self.may_be_socket() {
                Unwaiting::new(self.limit.may_block(), self.fd, A::DIRECTION)
                    .and_then(|with| attempt.socket(self.fd, with.flags, with.most))
            } else {
                self.on_other(&mut attempt)
            };
            match result {
                Ok(count) => return Ok(count),
                Err(e) => self.recover(e, A::DIRECTION, &mut was_ready)?,
            }
        }
    }

    /// An attempt on a descriptor that is not a socket.
    #[inline(never)]
    fn on_other<A: Attempt>(&mut self, attempt: &mut A) -> Result<usize, Errno> {
        let fd = self.fd;
        if self.way == Way::Unknown {
            self.way = self.find_way(A::DIRECTION)?;
        }
        match self.way {
            Way::NoWait => attempt.nowait(fd),
            Way::Polled => {
                ready_now(fd, A::DIRECTION)?;
                attempt.small(fd)
            }
            Way::File => {
                ready_now(fd, A::DIRECTION)?;
                attempt.plain(fd)
            }
            Way::Terminal => {
                let ready = match ready_now(fd, A::DIRECTION) {
                    Err(Errno(libc::EAGAIN)) => false,
                    ready => ready.map(|()| true)?,
                };
                // With VMIN above 1, poll(2) does not report fewer bytes, but they can be read. A terminal that has
                // hung up has no FIONREAD.
                let queued = if A::DIRECTION == Direction::In { sys::bytes_to_read(fd).unwrap_or(0) } else { 0 };
                if queued == 0 && !ready {
                    return Err(Errno(libc::EAGAIN));
                }
                attempt.terminal(fd, queued)
            }
            Way::AsSocket | Way::Unknown | Way::Plain => attempt.plain(fd),
        }
    }

    #[cold]
    fn find_way(&self, direction: Direction) -> Result<Way, Errno> {
        if self.limit.may_block() {
            return Ok(Way::Plain);
        }
        Ok(match sys::file_kind(self.fd)? {
            FileKind::Storage => Way::File,
            FileKind::Terminal => {
                // A descriptor that is open only for the other direction would never be ready.
                self.check(direction)?;
                Way::Terminal
            }
            FileKind::Other => Way::NoWait,
        })
    }

    /// Decides after a failed attempt: Ok means try again, perhaps in another way or after a wait; Err is final. A
    /// function of its own: attempts that succeed skip it.
    #[cold]
    #[inline(never)]
    fn recover(&mut self, e: Errno, direction: Direction, was_ready: &mut bool) -> Result<(), Errno> {
        match e {
            Errno(libc::ENOTSOCK) if self.may_be_socket() => self.way = Way::Unknown,
            // This kind has no RWF_NOWAIT, or the kernel lacks the call (ENOSYS), or a sandbox refuses it (EPERM,
            // EINVAL).
            Errno(libc::EOPNOTSUPP | libc::ENOSYS | libc::EPERM | libc::EINVAL) if self.way == Way::NoWait => {
                // At the wrong end of a pipe poll(2) would wait.
                uninterrupted(|| self.check(direction))?;
                self.way = Way::Polled;
            }
            e => return self.wait(e, direction, was_ready),
        }
        Ok(())
    }

    /// Waits after EAGAIN as the limit allows, and goes on after signals. When the time runs out there is one last
    /// attempt: poll(2) stays silent while fewer bytes than SO_RCVLOWAT or VMIN are there, but a read would get them.
    #[cold]
    #[inline(never)]
    fn wait(&mut self, e: Errno, direction: Direction, was_ready: &mut bool) -> Result<(), Errno> {
        let was_ready_before = core::mem::take(was_ready);
        let e = if sys::FULL_IS_ENOBUFS && e.0 == libc::ENOBUFS { Errno(libc::EAGAIN) } else { direction.errno(e) };
        match e {
            // Without a flag the call itself has waited.
            Errno(libc::EINTR) if direction.nowait_flags() == 0 => return self.go_on(),
            Errno(libc::EINTR) => return Ok(()),
            Errno(libc::EAGAIN) if self.limit.may_wait() => {}
            e => return Err(e),
        }
        if was_ready_before {
            // poll(2) reports some descriptors ready that are not: an unconnected Unix datagram socket whose receiver
            // is full, one with an error in its error queue, a blocking userfaultfd. The loop must neither spin nor
            // outlast its time.
            self.limit.expire()?;
            if self.limit.may_wait() {
                time::poll_once(-1, 0, time::MOMENT_MS)?;
            }
        }
        match time::wait(self.fd, direction.event(), self.limit) {
            Err(Errno(libc::EAGAIN)) => self.limit = Limit::Over,
            ready => _ = ready?,
        }
        *was_ready = true;
        Ok(())
    }
}

impl Channel for Limited {
    #[inline(always)]
    fn read(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
        self.transfer(Reading { buffer, most })
    }

    fn peek(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
        if !self.may_be_socket() {
            return Err(Errno(libc::ENOTSOCK));
        }
        let result = self.socket_call(Direction::In, |fd, flags, _| sys::peek(fd, buffer, most, flags));
        if matches!(result, Err(Errno(libc::ENOTSOCK))) {
            self.way = Way::Unknown;
        }
        result
    }

    #[inline(always)]
    fn write(&mut self, bytes: Bytes<'_>) -> Result<usize, Errno> {
        match self.transfer(Writing(bytes))? {
            0 => Err(NOTHING_TAKEN),
            taken => Ok(taken),
        }
    }

    fn go_on(&mut self) -> Result<(), Errno> {
        match self.limit {
            Limit::Over => Err(Errno(libc::EAGAIN)),
            _ => self.limit.expire(),
        }
    }

    fn check(&self, direction: Direction) -> Result<(), Errno> {
        super::check(self.fd, direction)
    }
}
