//! Frames.

use core::ffi::{c_int, c_void};

use libc::size_t;

use super::check::{self, Done, INVALID};
use super::outcome::{self, DONE};
use crate::channel::Limited;
use crate::frame::{Frame, HeaderSize};
use crate::time::Limit;

/// Send one frame: a big-endian length of header_bytes, then n bytes of body.
///
/// This cures "sticky packets": a stream has no messages, so each frame
/// announces its length. header_bytes is 1, 2 or 4. Header and body leave in
/// one system call if the kernel takes them at once. *done counts both: set it
/// to 0 to start; it is true on every return. After EAGAIN the same call goes
/// on where this one stopped. timeout_ms bounds the whole call, whatever
/// O_NONBLOCK and SO_SNDTIMEO are. Signals neither end nor stretch it; setting
/// a flag in a handler does not end a wait. A socket never raises SIGPIPE.
/// Receive frames with sockutil_reader_frame.
///
/// Returns 1, header and body are taken (not: received by the peer); -1 with
/// errno:
///   EAGAIN     timeout_ms ran out: nothing is lost, call again
///   EMSGSIZE   n is more than header_bytes can count; nothing was sent
///   EINVAL     header_bytes is not 1, 2 or 4, body is NULL and n is not 0, n
///              or the whole is above SSIZE_MAX, timeout_ms is below -1, *done
///              is above the whole, or is the whole already (did you set it to 0?)
///   EPIPE      the peer is gone, or this side was shut down for writing
///   EBADF      fd is not open for writing
///   EIO        a device took nothing and gave no reason
/// and the errors of send(2), sendmsg(2) and write(2): ECONNRESET, ETIMEDOUT
/// (the connection is dead), ENOTCONN, ENOSPC, ...
///
/// Async-signal-safe and thread-safe; frames that two threads send on one
/// descriptor at once can be mixed up.
/// Source: RFC 1700, data notations; POSIX send, sendmsg, poll.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_READS(3, 4)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_send_frame(
    fd: c_int,
    header_bytes: c_int,
    body: *const c_void,
    n: size_t,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms_inline(timeout_ms)?;
        let size = HeaderSize::from_bytes(header_bytes).ok_or(INVALID)?;
        // SAFETY: `body` is NULL, or the caller promises `n` readable bytes there.
        let frame = Frame::new(size, unsafe { check::bytes(body, n) }?)?;
        let whole = check::countable(frame.len())?;
        let done = Done::new(done, whole)?;
        let mut count = done.start();
        let result = frame.send(&mut Limited::new(fd, limit), &mut count);
        done.report(count);
        result.map(|()| DONE)
    })
}
