//! Streams.

use core::ffi::{c_char, c_int, c_void};

use errno::Errno;
use libc::{iovec, size_t};

use super::check::{self, Done, INVALID};
use super::outcome::{self, DONE, END};
use crate::channel::Limited;
use crate::line::{self, Line};
use crate::memory::Buffer;
use crate::stream;
use crate::time::Limit;

/// Read n bytes within a time limit.
///
/// Repeats recv(2), or read(2) where fd is not a socket, until n bytes are in
/// buf. *done counts them: set it to 0 to start; it is true on every return.
/// After EAGAIN the same call goes on where this one stopped; no byte is lost
/// or repeated. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER waits,
/// 0 SOCKUTIL_NOWAIT takes what is there. It rules, whatever O_NONBLOCK and
/// SO_RCVTIMEO say, neither of which is changed. Signals neither end nor
/// stretch it; shutdown(2) from another thread or a handler ends a wait on a
/// connected socket. done may be NULL: then the count starts at 0 and is not
/// reported. On a terminal a time limit takes what FIONREAD reports, whatever
/// VMIN and VTIME say; SOCKUTIL_FOREVER follows VMIN. On a blocking FIFO,
/// terminal or eventfd a second reader can make read(2) block after poll(2)
/// reported it ready.
///
/// Returns 1, all n bytes are there; 0, end of stream: clean if *done is 0,
/// else cut short; -1 with errno:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   buf is NULL and n is not 0, n is above SSIZE_MAX, timeout_ms is
///            below -1, *done is above n, or is n already (was it reset?)
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
    done: *mut size_t,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: the caller vouches for it, as the comment above asks.
        let memory = unsafe { check::memory(buf, n) }?;
        // SAFETY: as above.
        let done = unsafe { Done::new(done, n) }?;
        // SAFETY: what is done was written by the calls before this one.
        let mut buffer = unsafe { Buffer::new(memory, done.start()) };
        let result = stream::read_full(&mut Limited::new(fd, limit), &mut buffer);
        done.report(buffer.len());
        result.map(outcome::read)
    })
}

/// Write n bytes within a time limit.
///
/// Repeats send(2) with MSG_NOSIGNAL, or write(2) where fd is not a socket,
/// until all n bytes are taken. *done counts them: set it to 0 to start; it is
/// true on every return. After EAGAIN the same call goes on where this one
/// stopped; no byte is lost or repeated. timeout_ms bounds the whole call: -1
/// SOCKUTIL_FOREVER waits, 0 SOCKUTIL_NOWAIT gives what is taken at once. It
/// rules, whatever O_NONBLOCK and SO_SNDTIMEO say, neither of which is
/// changed. Signals neither end nor stretch it. A socket never raises
/// SIGPIPE; on a pipe the program's own disposition of SIGPIPE rules. done
/// may be NULL: then the count starts at 0 and is not reported. Within a time
/// limit a blocking pipe or terminal is never given more than it has room for,
/// a terminal therefore at most 256 bytes, or one control character, at a time.
/// What can still make write(2) block after poll(2) reported a blocking
/// descriptor ready: a second writer on a FIFO or a terminal, and a value that
/// is too large for what an eventfd holds already.
///
/// Returns 1, all n bytes are taken (not: received by the peer); -1 with
/// errno:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   buf is NULL and n is not 0, n is above SSIZE_MAX, timeout_ms is
///            below -1, *done is above n, or is n already (was it reset?)
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
    done: *mut size_t,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: the caller vouches for it, as the comment above asks.
        let bytes = unsafe { check::bytes(buf, n) }?;
        // SAFETY: as above.
        let done = unsafe { Done::new(done, n) }?;
        let mut count = done.start();
        let result = stream::write_full(&mut Limited::new(fd, limit), bytes, &mut count);
        done.report(count);
        result.map(|()| DONE)
    })
}

/// Write the bytes of several buffers within a time limit.
///
/// As sockutil_write_full, with n the sum of all iov_len, for the memory that
/// iov[0] to iov[iovcnt-1] name, in that order. There may be any number of
/// them: up to 1,024 at a time leave in one sendmsg(2) or writev(2), if the
/// kernel takes them at once. iov is never modified: after EAGAIN the same call
/// with the same iov goes on where this one stopped.
///
/// Returns 1, all bytes are taken (not: received by the peer); -1 with errno:
///   EAGAIN   timeout_ms ran out: nothing is lost, call again
///   EINVAL   iovcnt is below 0, iov is NULL and iovcnt is not 0, an iov_base
///            is NULL and its iov_len is not 0, the sum is above SSIZE_MAX,
///            timeout_ms is below -1, *done is above the sum, or is the sum
///            already (was it reset?)
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
    done: *mut size_t,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: the caller vouches for it, as the comment above asks.
        let (slices, total) = unsafe { check::slices(iov, iovcnt) }?;
        // SAFETY: as above.
        let done = unsafe { Done::new(done, total) }?;
        let mut count = done.start();
        let result = stream::writev_full(&mut Limited::new(fd, limit), slices, &mut count);
        done.report(count);
        result.map(|()| DONE)
    })
}

/// Read one line within a time limit, and not a byte past its newline.
///
/// Stores at most cap-1 bytes and a NUL after them, on failure too. The
/// newline is kept; NUL and CR bytes are data. Since the rest stays in the
/// queue, it mixes freely with sockutil_read_full. *done counts the bytes of
/// the line in buf: set it to 0 to start each line; it is true on every
/// return. After EAGAIN the same call goes on where this one stopped; no byte
/// is lost or repeated. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER
/// waits, 0 SOCKUTIL_NOWAIT takes what is there. It rules, whatever O_NONBLOCK
/// and SO_RCVTIMEO say, neither of which is changed. Signals neither end nor
/// stretch it. done may be NULL: then the count starts at 0 and is not reported.
/// Two system calls for a line of up to 2 KB on a socket; what is no socket is
/// read byte by byte. On a Unix socket the cost of a call grows with
/// the number of queued messages: there sockutil_reader_line is the better
/// choice.
///
/// Returns 1, a whole line is in buf; 0, end of stream: what there was of a
/// line is in buf, nothing if *done is 0; -1 with errno:
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
/// Async-signal-safe and thread-safe. Two readers of one descriptor share its
/// bytes out between them; a line can then be divided, or come joined to
/// another.
/// Source: POSIX recv, read, poll; UNP figures 3.17 and 3.18.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL(2) SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_read_line(
    fd: c_int,
    buf: *mut c_char,
    cap: size_t,
    done: *mut size_t,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        check::timeout(timeout_ms)?;
        // SAFETY: the caller vouches for it, as the comment above asks.
        let memory = unsafe { check::text(buf.cast(), cap) }?;
        // SAFETY: as above.
        let done = unsafe { Done::new(done, cap - 1) }?;
        // SAFETY: what is done was written by the calls before this one.
        let mut buffer = unsafe { Buffer::new(memory, done.start()) };
        if buffer.last() == Some(b'\n') {
            return Err(INVALID);
        }
        // What can fail from here on leaves a text behind.
        buffer.terminate();
        let limit = Limit::from_ms(timeout_ms)?;
        let result = line::read_line(&mut Limited::new(fd, limit), &mut buffer);
        done.report(buffer.len());
        match result? {
            Line::Whole => Ok(DONE),
            Line::End => Ok(END),
            Line::Cut => Err(Errno(libc::EMSGSIZE)),
        }
    })
}

/// Cut the newline off a line: "\n", or "\r\n".
///
/// Puts a NUL where the line now ends, if something was cut; else nothing is
/// written, not even after the len bytes. Only one newline is cut, and only
/// at the end.
///
/// Returns the new length; 0 if line is NULL. It cannot fail.
///
/// Async-signal-safe and thread-safe.
/// Source: Perl's chomp.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_chomp(line: *mut c_char, len: size_t) -> size_t {
    // SAFETY: the caller vouches for it: a line is initialized for its length.
    let Ok(memory) = (unsafe { check::memory(line.cast(), len) }) else {
        return if line.is_null() { 0 } else { len };
    };
    // SAFETY: as above.
    let mut buffer = unsafe { Buffer::new(memory, len) };
    buffer.truncate(line::chomped(buffer.filled()));
    buffer.len()
}
