//! Transfers that wait as the descriptor's own blocking mode, `SO_RCVTIMEO` and `SO_SNDTIMEO` say.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]

use core::ffi::c_int;

use errno::Errno;

use super::{Attempt, Channel, Direction, NOTHING_TAKEN, Reading, Unwaiting, Writing};
use crate::memory::{Buffer, Bytes};
use crate::sys;
use crate::time::{self, Instant};

/// A descriptor whose own modes decide.
pub struct Own {
    fd: c_int,
    may_be_socket: bool,
}

/// Who waits for the next attempt.
#[derive(Clone, Copy, PartialEq)]
enum Wait {
    /// The attempt itself.
    Kernel,
    /// This call, by poll(2): the attempts do not wait.
    Here,
    /// This call has waited, and poll reported the descriptor ready, or the time is over.
    Done,
}

impl Own {
    /// Nothing is asked of the kernel yet.
    pub fn new(fd: c_int) -> Self {
        Self { fd, may_be_socket: true }
    }

    #[inline(always)]
    fn transfer<A: Attempt>(&mut self, mut attempt: A) -> Result<usize, Errno> {
        self.repeat(A::DIRECTION, |fd, may_be_socket, with| {
            if may_be_socket { attempt.socket(fd, with.flags, with.most) } else { attempt.plain(fd) }
        })
    }

    /// Repeats the call until it succeeds or fails for good. Signals do not end it.
    #[inline(always)]
    fn repeat(
        &mut self,
        direction: Direction,
        mut call: impl FnMut(c_int, bool, Unwaiting) -> Result<usize, Errno>,
    ) -> Result<usize, Errno> {
        // SO_RCVTIMEO and SO_SNDTIMEO count from here, and the kernel does not report later how much of them has
        // passed.
        let start = Instant::now_coarse().ok();
        let mut wait = Wait::Kernel;
        loop {
            // What is no socket has no flags, and is not asked in their place.
            if direction.nowait_flags() == 0 && !self.may_be_socket {
                wait = Wait::Kernel;
            }
            let with = Unwaiting::new(wait == Wait::Kernel, self.fd, direction);
            match with.and_then(|with| call(self.fd, self.may_be_socket, with)) {
                Ok(count) => return Ok(count),
                Err(e) => self.recover(e, direction, start, &mut wait)?,
            }
        }
    }

    /// Prepares the next attempt, or returns the failure if there is none. After a signal the kernel would start its
    /// timeout again: from then on this call waits for the rest of it, and the attempts do not wait.
    #[cold]
    #[inline(never)]
    fn recover(
        &mut self,
        e: Errno,
        direction: Direction,
        start: Option<Instant>,
        wait: &mut Wait,
    ) -> Result<(), Errno> {
        match direction.errno(e) {
            Errno(libc::EINTR) => {}
            Errno(libc::EAGAIN) if *wait != Wait::Kernel => {}
            Errno(libc::ENOTSOCK) if self.may_be_socket => {
                self.may_be_socket = false;
                return Ok(());
            }
            e => return Err(e),
        }
        let (Some(start), true) = (start, self.may_be_socket) else {
            return Ok(());
        };
        let option = if direction == Direction::In { libc::SO_RCVTIMEO } else { libc::SO_SNDTIMEO };
        let timeout = sys::socket_timeout(self.fd, option)?;
        if timeout.tv_sec == 0 && timeout.tv_usec == 0 {
            return Ok(());
        }
        if e.0 == libc::EINTR && *wait == Wait::Kernel {
            *wait = Wait::Here;
            return Ok(());
        }
        let left = start.left_of(timeout)?;
        if left == 0 {
            return Err(Errno(libc::EAGAIN));
        }
        // poll(2) reports some descriptors ready that are not (see `Limited::wait`). The loop must not spin: every
        // other time it pauses.
        let (fd, ms, next) =
            if *wait == Wait::Done { (-1, time::MOMENT_MS, Wait::Here) } else { (self.fd, left, Wait::Done) };
        *wait = next;
        time::poll_once(fd, direction.event(), ms)
    }
}

impl Channel for Own {
    #[inline(always)]
    fn read(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
        self.transfer(Reading { buffer, most })
    }

    fn peek(&mut self, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
        self.repeat(Direction::In, |fd, may_be_socket, with| {
            if may_be_socket { sys::peek(fd, buffer, most, with.flags) } else { Err(Errno(libc::ENOTSOCK)) }
        })
    }

    #[inline(always)]
    fn write(&mut self, bytes: Bytes<'_>) -> Result<usize, Errno> {
        match self.transfer(Writing(bytes))? {
            0 => Err(NOTHING_TAKEN),
            taken => Ok(taken),
        }
    }

    fn go_on(&mut self) -> Result<(), Errno> {
        Ok(())
    }

    #[inline(always)]
    fn check(&self, direction: Direction) -> Result<(), Errno> {
        super::check(self.fd, direction)
    }
}
