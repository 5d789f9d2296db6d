//! The clock, and how long a call may wait.

use core::ffi::c_int;

use errno::Errno;
use libc::{c_short, clockid_t, pollfd, timeval};

use crate::sys;

/// Waits for ever.
pub const FOREVER: c_int = -1;

/// Does not wait.
pub const NOWAIT: c_int = 0;

const NS_PER_MS: i64 = 1_000_000;
const NS_PER_S: i64 = 1_000_000_000;

/// A point on `CLOCK_MONOTONIC`, in nanoseconds, which lasts for 292 years of uptime.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    /// Now.
    pub fn now() -> Result<Self, Errno> {
        Self::on(libc::CLOCK_MONOTONIC)
    }

    /// Now, to the tick of the kernel's timer: as exact as `SO_RCVTIMEO`, at a quarter of the cost.
    pub fn now_coarse() -> Result<Self, Errno> {
        Self::on(sys::COARSE_CLOCK)
    }

    fn on(clock: clockid_t) -> Result<Self, Errno> {
        let time = sys::clock_gettime(clock)?;
        #[allow(clippy::useless_conversion, reason = "time_t and long are narrower than i64 on 32-bit machines")]
        Ok(Self(i64::from(time.tv_sec) * NS_PER_S + i64::from(time.tv_nsec)))
    }

    /// This much later.
    pub fn after_ms(self, ms: c_int) -> Self {
        Self(self.0 + i64::from(ms) * NS_PER_MS)
    }

    /// The milliseconds left of a timeout that began at this coarse time.
    pub fn left_of(self, timeout: timeval) -> Result<c_int, Errno> {
        let gone = Self::now_coarse()?.0 - self.0;
        #[allow(clippy::useless_conversion, reason = "time_t and suseconds_t are narrower than i64 on 32-bit machines")]
        let (s, us) = (i64::from(timeout.tv_sec), i64::from(timeout.tv_usec));
        // A timeout may come late, never early: the coarse clock is behind. Seconds are cut to 68 years, more than poll(2) can wait: then nothing overflows in 200 years of uptime.
        let whole = s.min(i64::from(c_int::MAX)) * NS_PER_S + us * 1000;
        let left = (whole - gone + sys::COARSE_NS).max(0);
        Ok((left / NS_PER_MS).min(i64::from(c_int::MAX)) as c_int)
    }

    /// Whole milliseconds since the clock's start.
    pub fn as_ms(self) -> i64 {
        self.0.div_euclid(NS_PER_MS)
    }

    /// Milliseconds from now until then, rounded up so that waiting for them is never too short; 0 when it is past.
    fn ms_left(self) -> Result<c_int, Errno> {
        Ok(Self::now()?.ms_until(self))
    }

    /// Milliseconds from this point until another one, rounded up; 0 when that is earlier.
    pub fn ms_until(self, later: Self) -> c_int {
        let ns = (later.0 - self.0).max(0);
        // A limit is at most INT_MAX milliseconds away.
        ((ns + NS_PER_MS - 1) / NS_PER_MS) as c_int
    }
}

/// How long a call may wait.
#[derive(Clone, Copy)]
pub enum Limit {
    /// For ever.
    Forever,
    /// Not at all.
    NoWait,
    /// Until then.
    Until(Instant),
    /// No longer: the time has run out, and the next try is the last one.
    Over,
}

impl Limit {
    /// The limit of a `timeout_ms` argument, counted from now.
    #[inline(never)]
    pub fn from_ms(timeout_ms: c_int) -> Result<Self, Errno> {
        Self::from_ms_inline(timeout_ms)
    }

    /// The same, for transfers of a few bytes: most need no clock, and then it is two comparisons.
    #[allow(clippy::inline_always, reason = "the compiler would make a call of it, a tenth of a short transfer")]
    #[inline(always)]
    pub fn from_ms_inline(timeout_ms: c_int) -> Result<Self, Errno> {
        match timeout_ms {
            FOREVER => Ok(Self::Forever),
            NOWAIT => Ok(Self::NoWait),
            _ => Self::in_ms(timeout_ms),
        }
    }

    #[inline(never)]
    fn in_ms(timeout_ms: c_int) -> Result<Self, Errno> {
        if timeout_ms < 0 { Err(Errno(libc::EINVAL)) } else { Ok(Self::Until(Instant::now()?.after_ms(timeout_ms))) }
    }

    /// Whether a system call under this limit may block by itself.
    pub fn may_block(self) -> bool {
        matches!(self, Self::Forever)
    }

    /// Whether there is something to wait for.
    pub fn may_wait(self) -> bool {
        matches!(self, Self::Forever | Self::Until(_))
    }

    /// What is left, for `poll(2)`.
    pub fn ms_left(self) -> Result<c_int, Errno> {
        match self {
            Self::Forever => Ok(FOREVER),
            Self::NoWait | Self::Over => Ok(NOWAIT),
            Self::Until(end) => end.ms_left(),
        }
    }

    /// Becomes [`Limit::Over`] when its time has run out.
    pub fn expire(&mut self) -> Result<(), Errno> {
        match self {
            Self::Until(end) if end.ms_left()? == 0 => *self = Self::Over,
            _ => {}
        }
        Ok(())
    }
}

/// Polls until something is ready, whatever signals come; `EAGAIN` when time runs out.
fn poll_past_signals<T: PartialEq + From<bool>>(
    limit: Limit,
    mut poll: impl FnMut(c_int) -> Result<T, Errno>,
) -> Result<T, Errno> {
    loop {
        match poll(limit.ms_left()?) {
            Err(Errno(libc::EINTR)) => {}
            Ok(ready) if ready == T::from(false) => return Err(Errno(libc::EAGAIN)),
            result => return result,
        }
    }
}

/// Waits until one of the events, or an error or hang-up, which cannot be masked, is there; `EAGAIN` when time runs out.
pub fn wait(fd: c_int, events: c_short, limit: Limit) -> Result<c_short, Errno> {
    poll_past_signals(limit, |ms| sys::poll(fd, events, ms))
}

/// `sockutil_wait_any`: returns how many entries are ready.
pub fn wait_any(entries: &mut [pollfd], limit: Limit) -> Result<usize, Errno> {
    poll_past_signals(limit, |ms| sys::poll_all(entries, ms))
}

/// The shortest wait of `poll(2)`.
pub const MOMENT_MS: c_int = 1;

/// Waits for an event, a signal or the end of the time.
pub fn poll_once(fd: c_int, events: c_short, ms: c_int) -> Result<(), Errno> {
    match sys::poll(fd, events, ms) {
        Ok(_) | Err(Errno(libc::EINTR)) => Ok(()),
        Err(e) => Err(e),
    }
}

/// `sockutil_wait`: turns poll's answers for a bad descriptor into errors.
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
        | sys::MORE_EVENTS;
    let limit = Limit::from_ms(timeout_ms)?;
    let events = c_short::try_from(events).ok().filter(|e| e & !KNOWN == 0).ok_or(Errno(libc::EINVAL))?;
    // poll(2) ignores a negative descriptor, and would only wait.
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
