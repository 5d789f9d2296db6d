//! The clock, and how long a call may wait.

use core::ffi::c_int;

use errno::Errno;
use libc::{c_short, clockid_t, timeval};

use crate::sys;

/// Waits for ever.
pub const FOREVER: c_int = -1;

/// Does not wait.
pub const NOWAIT: c_int = 0;

const NS_PER_MS: i64 = 1_000_000;
const NS_PER_S: i64 = 1_000_000_000;

/// A point on `CLOCK_MONOTONIC`, in nanoseconds, which lasts for 292 years of uptime.
#[derive(Clone, Copy)]
pub struct Instant(i64);

impl Instant {
    /// Now.
    pub fn now() -> Result<Self, Errno> {
        Self::on(libc::CLOCK_MONOTONIC)
    }

    /// Now, to the tick of the kernel's timer: as exact as `SO_RCVTIMEO`, at a quarter of the price.
    pub fn now_coarse() -> Result<Self, Errno> {
        Self::on(libc::CLOCK_MONOTONIC_COARSE)
    }

    fn on(clock: clockid_t) -> Result<Self, Errno> {
        let time = sys::clock_gettime(clock)?;
        #[allow(clippy::useless_conversion, reason = "time_t and long are narrower than i64 on 32-bit machines")]
        Ok(Self(i64::from(time.tv_sec).saturating_mul(NS_PER_S).saturating_add(i64::from(time.tv_nsec))))
    }

    /// This much later.
    pub fn after_ms(self, ms: c_int) -> Self {
        Self(self.0.saturating_add(i64::from(ms).saturating_mul(NS_PER_MS)))
    }

    /// This much later.
    pub fn after(self, time: timeval) -> Self {
        #[allow(clippy::useless_conversion, reason = "time_t and suseconds_t are narrower than i64 on 32-bit machines")]
        let (s, us) = (i64::from(time.tv_sec), i64::from(time.tv_usec));
        Self(self.0.saturating_add(s.saturating_mul(NS_PER_S)).saturating_add(us.saturating_mul(1000)))
    }

    /// Whole milliseconds since the clock's start.
    pub fn as_ms(self) -> i64 {
        self.0.div_euclid(NS_PER_MS)
    }

    /// Milliseconds until then, rounded up so that waiting for them is never too short; 0 when it is past.
    fn ms_left(self) -> Result<c_int, Errno> {
        let ns = self.0.saturating_sub(Self::now()?.0).max(0);
        let ms = ns.saturating_add(NS_PER_MS - 1).div_euclid(NS_PER_MS);
        Ok(c_int::try_from(ms).unwrap_or(c_int::MAX))
    }
}

/// How long a call may wait.
#[derive(Clone, Copy)]
pub enum Limit {
    /// As long as the descriptor's own blocking mode and timeouts say.
    Own,
    /// For ever.
    Forever,
    /// Not at all.
    NoWait,
    /// Until then.
    Until(Instant),
}

impl Limit {
    /// What a `timeout_ms` argument means, counted from now.
    pub fn from_ms(timeout_ms: c_int) -> Result<Self, Errno> {
        match timeout_ms {
            FOREVER => Ok(Self::Forever),
            NOWAIT => Ok(Self::NoWait),
            1.. => Ok(Self::Until(Instant::now()?.after_ms(timeout_ms))),
            _ => Err(Errno(libc::EINVAL)),
        }
    }

    /// Whether a system call under this limit may block by itself.
    pub fn may_block(self) -> bool {
        matches!(self, Self::Own | Self::Forever)
    }

    /// An equal part of what is left, for the first of `parts` attempts.
    pub fn share(self, parts: usize) -> Result<Self, Errno> {
        let Self::Until(end) = self else {
            return Ok(self);
        };
        let now = Instant::now()?;
        let parts = i64::try_from(parts).unwrap_or(i64::MAX).max(1);
        let part = end.0.saturating_sub(now.0).max(0).div_euclid(parts);
        Ok(Self::Until(Instant(now.0.saturating_add(part))))
    }

    /// What is left, for `poll(2)`.
    pub fn ms_left(self) -> Result<c_int, Errno> {
        match self {
            Self::Own | Self::Forever => Ok(FOREVER),
            Self::NoWait => Ok(NOWAIT),
            Self::Until(end) => end.ms_left(),
        }
    }

    /// `EAGAIN` when a point in time has come. It ends a transfer that keeps moving; what does not wait needs no end.
    pub fn check(self) -> Result<(), Errno> {
        match self {
            Self::Until(end) if end.ms_left()? == 0 => Err(Errno(libc::EAGAIN)),
            _ => Ok(()),
        }
    }
}

/// Waits until one of the events, or an error or hang-up, which cannot be masked, is there; `EAGAIN` when time runs out.
pub fn wait(fd: c_int, events: c_short, limit: Limit) -> Result<c_short, Errno> {
    loop {
        let ms = limit.ms_left()?;
        match sys::poll(fd, events, ms) {
            // The rest of a wait longer than poll can be told is waited for in the next round.
            Ok(0) if ms == c_int::MAX => {}
            Ok(0) => return Err(Errno(libc::EAGAIN)),
            Ok(revents) => return Ok(revents),
            Err(Errno(libc::EINTR)) => {}
            Err(e) => return Err(e),
        }
    }
}

/// Waits a moment for what `poll(2)` cannot tell; `EAGAIN` when time has run out.
#[cold]
pub fn pause(limit: Limit) -> Result<(), Errno> {
    const MOMENT_MS: c_int = 1;
    limit.check()?;
    // No descriptor, so nothing but the time ends it; a signal may.
    match sys::poll(-1, 0, MOMENT_MS) {
        Ok(_) | Err(Errno(libc::EINTR)) => Ok(()),
        Err(e) => Err(e),
    }
}

/// `sockutil_wait`: poll's answers for a bad descriptor, made errors.
pub fn wait_for(fd: c_int, events: c_int, timeout_ms: c_int) -> Result<c_int, Errno> {
    const KNOWN: c_short = libc::POLLIN
        | libc::POLLPRI
        | libc::POLLOUT
        | libc::POLLERR
        | libc::POLLHUP
        | libc::POLLRDNORM
        | libc::POLLRDBAND
        | libc::POLLWRNORM
        | libc::POLLWRBAND
        | libc::POLLRDHUP;
    let limit = Limit::from_ms(timeout_ms)?;
    let events = c_short::try_from(events).ok().filter(|e| e & !KNOWN == 0).ok_or(Errno(libc::EINVAL))?;
    // poll(2) passes over a negative descriptor, and would wait for nothing.
    if fd < 0 {
        return Err(Errno(libc::EBADF));
    }
    match wait(fd, events, limit)? {
        revents if revents & libc::POLLNVAL != 0 => Err(Errno(libc::EBADF)),
        revents => Ok(c_int::from(revents)),
    }
}

/// `sockutil_now_ms`.
pub fn now_ms() -> Result<i64, Errno> {
    Instant::now().map(Instant::as_ms)
}

/// `sockutil_ms_left`.
pub fn ms_left(end_ms: i64) -> Result<c_int, Errno> {
    let left = end_ms.saturating_sub(now_ms()?).max(0);
    Ok(c_int::try_from(left).unwrap_or(c_int::MAX))
}
