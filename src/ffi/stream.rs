//! Streams.

use core::ffi::{c_char, c_int, c_void};
use core::mem::MaybeUninit;

use libc::{iovec, size_t};

use super::check::{self, Done, INVALID};
use super::outcome::{self, DONE};
use crate::channel::Limited;
use crate::line;
use crate::memory::Buffer;
use crate::stream;
use crate::time::Limit;

/// Read n bytes within a time limit.
///
/// Repeats recv(2), or read(2) where fd is not a socket, until n bytes are in
/// buf. *done counts them: set it to 0 to start; it is true on every return.
/// After EAGAIN the same call goes on where this one stopped; no byte is lost
/// or repeated. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER waits, 0
/// SOCKUTIL_NOWAIT takes what is there. It holds whatever O_NONBLOCK and
/// SO_RCVTIMEO are, and changes neither. Signals neither end nor stretch it;
/// setting a flag in a handler does not end a wait. shutdown(2) from another
/// thread or a handler ends a wait on a connected socket. done may be NULL:
/// then the count starts at 0 and is not reported. On a terminal a time limit
/// takes what FIONREAD reports, whatever VMIN and VTIME say; SOCKUTIL_FOREVER
/// follows VMIN. On a blocking FIFO, terminal or eventfd a second reader can
/// make read(2) block after poll(2) reported it ready.
///
/// Returns 1, all n bytes are there; 0, end of stream: clean if *done is 0,
/// else cut short; -1 with errno:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   buf is NULL and n is not 0, n is above SSIZE_MAX, timeout_ms is
///            below -1, *done is above n, or is n already (did you set it to 0?)
///   EBADF    fd is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ...
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX recv, read, poll; preadv2(2).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_read_full(
    fd: c_int,
    buf: *mut c_void,
    n: size_t,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms_inline(timeout_ms)?;
        // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
        let memory = unsafe { check::memory(buf, n) }?;
        let done = Done::new(done, n)?;
        // SAFETY: earlier calls have written the bytes that `done` counts.
        let mut buffer = unsafe { Buffer::new(memory, done.start()) };
        let result = stream::read_full(&mut Limited::new(fd, limit), &mut buffer);
        done.report(buffer.len());
        result.map(outcome::read)
    })
}

/// Read what is there, 1 to n bytes, within a time limit.
///
/// Calls recv(2), or read(2) where fd is not a socket, until that returns
/// something. Sets *len to the number of bytes that are in buf then. timeout_ms
/// bounds the whole call: -1 SOCKUTIL_FOREVER waits for the first byte, 0
/// SOCKUTIL_NOWAIT takes what is there. It holds whatever O_NONBLOCK and
/// SO_RCVTIMEO are, and changes neither. Signals neither end nor stretch it;
/// setting a flag in a handler does not end a wait. On terminals, FIFOs and
/// eventfd waiting is as for sockutil_read_full.
///
/// Returns 1, *len bytes are in buf; 0, end of stream; -1 with errno, and *len
/// is 0:
///   EAGAIN   timeout_ms ran out: call again
///   EINVAL   buf or len is NULL, n is 0 or above SSIZE_MAX, timeout_ms is below
///            -1
///   EBADF    fd is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ...
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX recv, read, poll; preadv2(2).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 4)) SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_read_some(
    fd: c_int,
    buf: *mut c_void,
    n: size_t,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let len = len.ok_or(INVALID)?.write(0);
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
        let mut buffer = Buffer::fresh(unsafe { check::some_memory(buf, n) }?);
        *len = stream::read_some(&mut Limited::new(fd, limit), &mut buffer)?;
        Ok(outcome::some(*len))
    })
}

/// Write n bytes within a time limit.
///
/// Repeats send(2) with MSG_NOSIGNAL, or write(2) where fd is not a socket,
/// until all n bytes are taken. *done counts them: set it to 0 to start; it is
/// true on every return. After EAGAIN the same call goes on where this one
/// stopped; no byte is lost or repeated. timeout_ms bounds the whole call: -1
/// SOCKUTIL_FOREVER waits, 0 SOCKUTIL_NOWAIT writes what is taken at once. It
/// holds whatever O_NONBLOCK and SO_SNDTIMEO are, and changes neither. Signals
/// neither end nor stretch it; setting a flag in a handler does not end a wait.
/// A socket never raises SIGPIPE; on a pipe the program's own disposition of
/// SIGPIPE decides. done may be NULL: then the count starts at 0 and is not
/// reported. With a time limit a blocking pipe or terminal gets small pieces
/// that it can take at once: for a terminal at most 256 bytes without control
/// characters, or one control character. After poll(2) reported a blocking
/// descriptor ready, write(2) can still block: if a FIFO or a terminal has a
/// second writer, or if an eventfd has no room for the value.
///
/// Returns 1, all n bytes are taken (not: received by the peer); -1 with
/// errno:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   buf is NULL and n is not 0, n is above SSIZE_MAX, timeout_ms is
///            below -1, *done is above n, or is n already (did you set it to 0?)
///   EPIPE    the peer is gone, or this side was shut down for writing
///   EBADF    fd is not open for writing
///   EIO      a device took nothing and gave no reason
/// and the errors of send(2) and write(2): ECONNRESET, ETIMEDOUT (the
/// connection is dead), ENOTCONN, ENOSPC, ...
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX send, write, poll; pwritev2(2), pipe(7).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_write_full(
    fd: c_int,
    buf: *const c_void,
    n: size_t,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms_inline(timeout_ms)?;
        // SAFETY: `buf` is NULL, or the caller promises `n` readable bytes there.
        let bytes = unsafe { check::bytes(buf, n) }?;
        let done = Done::new(done, n)?;
        let mut count = done.start();
        let result = stream::write_full(&mut Limited::new(fd, limit), bytes, &mut count);
        done.report(count);
        result.map(|()| DONE)
    })
}

/// Write the bytes of several buffers within a time limit.
///
/// As sockutil_write_full, for the buffers of iov[0] to iov[iovcnt-1], in that
/// order; n is the sum of all iov_len. iovcnt has no upper limit: each
/// sendmsg(2) or writev(2) takes up to 1,024 buffers. iov is never modified:
/// after EAGAIN the same call with the same iov goes on where this one stopped.
/// Setting a flag in a handler does not end a wait.
///
/// Returns 1, all bytes are taken (not: received by the peer); -1 with errno:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   iovcnt is below 0, iov is NULL and iovcnt is not 0, an iov_base
///            is NULL and its iov_len is not 0, the sum is above SSIZE_MAX,
///            timeout_ms is below -1, *done is above the sum, or is the sum
///            already (did you set it to 0?)
///   EPIPE    the peer is gone, or this side was shut down for writing
///   EBADF    fd is not open for writing
///   EIO      a device took nothing and gave no reason
/// and the errors of sendmsg(2) and writev(2): ECONNRESET, ETIMEDOUT (the
/// connection is dead), ENOTCONN, ENOSPC, ...
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX sendmsg, writev, poll; pwritev2(2), pipe(7).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_writev_full(
    fd: c_int,
    iov: *const iovec,
    iovcnt: c_int,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: `iov` is NULL, or the caller promises `iovcnt` entries there, each of readable memory.
        let (slices, total) = unsafe { check::slices(iov, iovcnt) }?;
        let done = Done::new(done, total)?;
        let mut count = done.start();
        let result = stream::writev_full(&mut Limited::new(fd, limit), slices, &mut count);
        done.report(count);
        result.map(|()| DONE)
    })
}

/// Read one line within a time limit, and not a byte past its newline.
///
/// Stores at most cap-1 bytes and a NUL after them, on failure too. The newline
/// is kept; NUL and CR bytes are data. The rest stays in the queue, so that you
/// can mix this call with sockutil_read_full. *done counts the bytes of the
/// line in buf: set it to 0 to start each line; it is true on every return.
/// After EAGAIN the same call goes on where this one stopped; no byte is lost
/// or repeated. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER waits, 0
/// SOCKUTIL_NOWAIT takes what is there. It holds whatever O_NONBLOCK and
/// SO_RCVTIMEO are, and changes neither. Signals neither end nor stretch it;
/// setting a flag in a handler does not end a wait. done may be NULL: then the
/// count starts at 0 and is not reported. A line of up to 2 KB costs two system
/// calls on a socket; other descriptors are read byte by byte. On a Unix socket
/// the cost of a call grows with the number of queued messages: use
/// sockutil_reader_line there.
///
/// Returns 1, a whole line is in buf; 0, end of stream: an unterminated line is
/// in buf, empty if *done is 0; -1 with errno:
///   EAGAIN     timeout_ms ran out: nothing is lost, call again
///   EMSGSIZE   cap-1 bytes of a longer line are in buf; set *done to 0 and
///              call for the rest
///   EINVAL     buf is NULL, cap is below 2 or above SSIZE_MAX, timeout_ms is
///              below -1, *done is above cap-1, or buf holds a whole line or
///              cap-1 bytes already (was *done reset?)
///   EBADF      fd is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ETIMEDOUT (the connection
/// is dead), ENOTCONN, ...
///
/// Async-signal-safe and thread-safe. If two threads read one descriptor, each
/// gets some of its bytes: a line can be divided, or joined to another.
/// Source: POSIX recv, read, poll; UNP figures 3.17 and 3.18.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2)) SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_read_line(
    fd: c_int,
    buf: *mut c_char,
    cap: size_t,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        check::timeout(timeout_ms)?;
        // SAFETY: `buf` is NULL, or the caller promises `cap` writable bytes there; earlier calls have written those that
        // `done` counts.
        let (mut buffer, done) = unsafe { check::line(buf, cap, done) }?;
        let limit = Limit::from_ms_inline(timeout_ms)?;
        let result = line::read_line(&mut Limited::new(fd, limit), &mut buffer);
        done.report(buffer.len());
        outcome::line(result?)
    })
}

/// Cut the newline off a line: "\n", or "\r\n".
///
/// Cuts one newline, only at the end, and puts a NUL at the new end. If there
/// is no newline, nothing is written.
///
/// Returns the new length; 0 if line is NULL. It cannot fail.
///
/// Async-signal-safe and thread-safe.
/// Source: Perl's chomp.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_chomp(line: *mut c_char, len: size_t) -> size_t {
    // SAFETY: `line` is NULL, or the caller promises `len` initialized, writable bytes there.
    let Ok(memory) = (unsafe { check::memory(line.cast(), len) }) else {
        return if line.is_null() { 0 } else { len };
    };
    // SAFETY: the caller promises `len` initialized bytes.
    let mut buffer = unsafe { Buffer::new(memory, len) };
    buffer.truncate(line::chomped(buffer.filled()));
    buffer.len()
}
