//! Time and waiting.

use core::ffi::c_int;

use libc::{pollfd, size_t};

use super::{check, outcome};
use crate::time::{self, Limit};

/// A timeout_ms that waits for ever, as in poll(2).
pub const SOCKUTIL_FOREVER: c_int = -1;

/// A timeout_ms that never waits: the call does what it can do at once.
pub const SOCKUTIL_NOWAIT: c_int = 0;

const _: () = assert!(SOCKUTIL_FOREVER == time::FOREVER && SOCKUTIL_NOWAIT == time::NOWAIT);

/// Return the time of CLOCK_MONOTONIC, in milliseconds.
///
/// It counts from an arbitrary point in the past, never goes back, and does not
/// change with the date. For one time limit over several calls: end =
/// sockutil_now_ms() + 5000, then sockutil_ms_left(end) for each.
///
/// Returns the time; -1 with the errno of clock_gettime(2) where there is no
/// such clock.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX clock_gettime.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_now_ms() -> i64 {
    outcome::of(time::now_ms)
}

/// Return how many milliseconds are left until end_ms, a time of
/// sockutil_now_ms.
///
/// The result is a timeout_ms for the next call, and never SOCKUTIL_FOREVER.
///
/// Returns the milliseconds, at most INT_MAX; 0 if end_ms is past, or there is
/// no such clock.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX clock_gettime.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_ms_left(end_ms: i64) -> c_int {
    outcome::of(|| Ok(time::ms_left(end_ms).unwrap_or(0)))
}

/// Wait until a descriptor is ready.
///
/// Calls poll(2) for one descriptor. Unlike select(2), numbers above 1023 work.
/// poll_events is made of POLLIN, POLLPRI, POLLOUT, POLLRDHUP, POLLRDNORM,
/// POLLRDBAND, POLLWRNORM and POLLWRBAND; POLLERR and POLLHUP are always
/// included, and may be given. Signals neither end nor stretch it; setting a
/// flag in a handler does not end a wait.
///
/// Returns the revents, above 0; -1 with errno:
///   EAGAIN   timeout_ms ran out
///   EBADF    fd is not a descriptor
///   EINVAL   timeout_ms is below -1, or poll_events has other bits
/// and the errors of poll(2): ENOMEM.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX poll.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_wait(fd: c_int, poll_events: c_int, timeout_ms: c_int) -> c_int {
    outcome::of(|| time::wait_for(fd, poll_events, timeout_ms))
}

/// Wait until one of several descriptors is ready.
///
/// Calls poll(2) for the n entries of fds. The events of an entry are as for
/// poll(2), and its revents are set on success, 0 for an entry that is not
/// ready. An entry with a negative fd is passed over, and one whose fd is not a
/// descriptor is ready: POLLNVAL is in its revents. If n is 0, fds may be NULL,
/// and the call only waits. Signals neither end nor stretch it; setting a flag
/// in a handler does not end a wait.
///
/// To end a wait from a handler, give the handler something to wait for: wait
/// here for the socket beside a signalfd(2), or beside a pipe to which the
/// handler writes a byte. Then call with SOCKUTIL_NOWAIT what is to read.
///
/// Returns how many entries have revents, above 0; -1 with errno:
///   EAGAIN   timeout_ms ran out: every revents is 0
///   EINVAL   fds is NULL and n is not 0, n is above the process's limit
///            RLIMIT_NOFILE, timeout_ms is below -1
/// and the errors of poll(2): ENOMEM.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX poll.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_wait_any(fds: *mut pollfd, n: size_t, timeout_ms: c_int) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: `fds` is NULL, or `n` entries of the caller's that nothing else uses meanwhile.
        let entries = unsafe { check::entries(fds, n) }?;
        time::wait_any(entries, limit).map(|ready| ready as c_int)
    })
}
