//! Ways to end a connection. The descriptor is closed on every path.

use core::ffi::c_int;
use core::mem::MaybeUninit;

use errno::Errno;

use crate::channel::{Channel, Limited};
use crate::memory::Buffer;
use crate::sys;
use crate::time::Limit;

/// The number of bytes that a drain discards at a time. They are on the stack, which may be a signal handler's.
const DRAIN_BYTES: usize = 4096;

/// `sockutil_shutdown_write`.
pub fn shutdown_write(fd: c_int) -> Result<(), Errno> {
    sys::shutdown_write(fd)
}

/// `sockutil_close`. Linux has freed the descriptor before a signal can interrupt close, and another thread may have
/// its number by then: a second try could close a descriptor that is not ours.
pub fn close(fd: c_int) -> Result<(), Errno> {
    match sys::close(fd) {
        Err(Errno(libc::EINTR)) => Ok(()),
        result => result,
    }
}

/// `sockutil_close_graceful`.
pub fn close_graceful(fd: c_int, timeout_ms: c_int) -> Result<(), Errno> {
    let parted = Limit::from_ms(timeout_ms).and_then(|limit| part(fd, limit));
    close_after(fd, parted)
}

/// `sockutil_close_reset`.
pub fn close_reset(fd: c_int) -> Result<(), Errno> {
    let set = set_linger(fd, true);
    close_after(fd, set)
}

/// Closes in any case, and returns the first failure.
fn close_after(fd: c_int, before: Result<(), Errno>) -> Result<(), Errno> {
    let closed = close(fd);
    before.and(closed)
}

/// Sends the FIN and reads until the peer's, since a close with unread bytes would send RST.
fn part(fd: c_int, limit: Limit) -> Result<(), Errno> {
    // With a linger time, close(2) would wait again; with 0 it would reset.
    let unlingered = set_linger(fd, false);
    let drained = match sys::shutdown_write(fd) {
        // The peer is gone, or there never was one: there is nothing to wait for.
        Err(Errno(libc::ENOTCONN)) => Ok(()),
        Err(e) => Err(e),
        Ok(()) => drain(fd, limit).map_err(|e| if e.0 == libc::EAGAIN { Errno(libc::ETIMEDOUT) } else { e }),
    };
    unlingered.and(drained)
}

/// With a linger time of 0, or without one.
fn set_linger(fd: c_int, on: bool) -> Result<(), Errno> {
    sys::unless_shut(sys::set_linger(fd, on, 0))
}

fn drain(fd: c_int, limit: Limit) -> Result<(), Errno> {
    let mut channel = Limited::new(fd, limit);
    let mut memory = [MaybeUninit::uninit(); DRAIN_BYTES];
    let mut drained = 0;
    loop {
        match channel.read(&mut Buffer::fresh(&mut memory), usize::MAX)? {
            0 => return Ok(()),
            count => drained += count,
        }
        channel.may_still_move(drained)?;
        channel.go_on()?;
    }
}
