//! Ends of connections. Whatever happens on the way, the descriptor is closed.

use core::ffi::c_int;
use core::mem::MaybeUninit;

use errno::Errno;

use crate::channel::{Channel, Limited};
use crate::memory::Buffer;
use crate::sys;
use crate::time::Limit;

/// What a drain throws away at a time. It is on the stack, which may be that of a signal handler.
const DRAIN_BYTES: usize = 4096;

/// `sockutil_shutdown_write`.
pub fn shutdown_write(fd: c_int) -> Result<(), Errno> {
    sys::shutdown_write(fd)
}

/// `sockutil_close`. Linux has let go of the descriptor before it can notice a signal, and another thread may have been
/// given its number since: a second try could close what is not ours.
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
    let set = sys::set_linger(fd, true, 0);
    close_after(fd, set)
}

/// Closes, whatever came before; what went wrong first is told.
fn close_after(fd: c_int, before: Result<(), Errno>) -> Result<(), Errno> {
    let closed = close(fd);
    before.and(closed)
}

/// Sends the FIN and reads until the peer's, so that closing finds nothing unread: that would be answered by RST.
fn part(fd: c_int, limit: Limit) -> Result<(), Errno> {
    // With a linger time, close(2) would wait once more; with one of 0 it would reset.
    let unlingered = sys::set_linger(fd, false, 0);
    let drained = match sys::shutdown_write(fd) {
        // The peer has gone, or there never was one: nothing to wait for.
        Err(Errno(libc::ENOTCONN)) => Ok(()),
        Err(e) => Err(e),
        Ok(()) => drain(fd, limit).map_err(|e| if e.0 == libc::EAGAIN { Errno(libc::ETIMEDOUT) } else { e }),
    };
    unlingered.and(drained)
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
        channel.go_on_after(drained)?;
    }
}
