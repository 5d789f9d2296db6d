//! The four helpers with their usual signatures, under prefixed names.

use core::ffi::{c_int, c_void};

use libc::{size_t, ssize_t};

use super::check::{self, INVALID};
use super::outcome;
use crate::channel::{Channel, Own};
use crate::line;
use crate::memory::Buffer;
use crate::stream;

/// Read n bytes, or fewer if the stream ends before.
///
/// Repeats recv(2), or read(2) where fd is not a socket, until n bytes are in
/// buf. Waits as the descriptor's own O_NONBLOCK and SO_RCVTIMEO say. Signals
/// neither end nor stretch it; setting a flag in a handler does not end a wait.
/// A failure loses the count of bytes read: sockutil_read_full keeps it.
///
/// Returns n; fewer, or 0, at the end of the stream; -1 with errno:
///   EAGAIN   the descriptor is non-blocking and no more is there, or its
///            SO_RCVTIMEO ran out
///   EINVAL   buf is NULL and n is not 0, or n is above SSIZE_MAX
///   EBADF    fd is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ENOTCONN, EISDIR, ...
///
/// Async-signal-safe and thread-safe.
/// Source: UNP figure 3.15; POSIX recv, read.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_readn(fd: c_int, buf: *mut c_void, n: size_t) -> ssize_t {
    // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
    unsafe { readn(fd, buf, n) }
}

/// Write n bytes.
///
/// Repeats send(2) with MSG_NOSIGNAL, or write(2) where fd is not a socket,
/// until all n bytes are taken. Waits as the descriptor's own O_NONBLOCK and
/// SO_SNDTIMEO say. Signals neither end nor stretch it; setting a flag in a
/// handler does not end a wait. A socket never raises SIGPIPE; on a pipe the
/// program's own disposition of SIGPIPE decides. A failure loses the count of
/// bytes taken: sockutil_write_full keeps it.
///
/// Returns n; -1 with errno:
///   EAGAIN   the descriptor is non-blocking and has no room, or its
///            SO_SNDTIMEO ran out
///   EINVAL   buf is NULL and n is not 0, or n is above SSIZE_MAX
///   EPIPE    the peer is gone, or this side was shut down for writing
///   EBADF    fd is not open for writing
///   EIO      a device took nothing and gave no reason
/// and the errors of send(2) and write(2): ECONNRESET, ENOTCONN, ENOSPC, ...
///
/// Async-signal-safe and thread-safe.
/// Source: UNP figure 3.16; POSIX send, write.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_READS(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_writen(fd: c_int, buf: *const c_void, n: size_t) -> ssize_t {
    // SAFETY: `buf` is NULL, or the caller promises `n` readable bytes there.
    unsafe { writen(fd, buf, n) }
}

/// Copy the bytes that a socket has to read, and leave them in the queue.
///
/// Calls recv(2) with MSG_PEEK, again after a signal. Waits for the first byte
/// as the descriptor's own O_NONBLOCK and SO_RCVTIMEO say; setting a flag in a
/// handler does not end a wait.
///
/// Returns the number of bytes put in buf, at most len; 0 at the end of the
/// stream; -1 with errno:
///   EAGAIN     the descriptor is non-blocking and nothing is there, or its
///              SO_RCVTIMEO ran out
///   EINVAL     buf is NULL, len is 0 or above SSIZE_MAX
///   EBADF      sockfd is not a descriptor
///   ENOTSOCK   sockfd is not a socket: nothing else can be looked into
/// and the errors of recv(2): ECONNRESET, ENOTCONN, ...
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX recv.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2)) SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_recv_peek(sockfd: c_int, buf: *mut c_void, len: size_t) -> ssize_t {
    // SAFETY: `buf` is NULL, or the caller promises `len` writable bytes there.
    unsafe { recv_peek(sockfd, buf, len) }
}

/// Read one line, and not a byte past its newline.
///
/// Stores at most maxlen-1 bytes and a NUL after them. The newline is kept. A
/// longer line comes in pieces of maxlen-1 bytes without newline, as from
/// fgets(3). NUL and CR bytes are data. Waits as the descriptor's own
/// O_NONBLOCK and SO_RCVTIMEO say; setting a flag in a handler does not end a
/// wait. A failure loses the count, but the bytes taken are in buf, with a NUL
/// after them: sockutil_read_line can go on from there. A line of up to 2 KB
/// costs two system calls on a socket; other descriptors are read byte by byte.
/// On a Unix socket the cost of a call grows with the number of queued
/// messages: use sockutil_reader_line there. Datagram sockets have no lines:
/// use sockutil_recvfrom there.
///
/// Returns the number of bytes stored, newline included, NUL not; at the end of
/// the stream an unterminated last line, then 0; -1 with errno:
///   EAGAIN   the descriptor is non-blocking and the line is not complete, or
///            its SO_RCVTIMEO ran out
///   EINVAL   buf is NULL, maxlen is below 2 or above SSIZE_MAX; nothing is
///            stored, not even the NUL
///   EBADF    sockfd is not open for reading
/// and the errors of recv(2) and read(2): ECONNRESET, ENOTCONN, ...
///
/// Async-signal-safe and thread-safe. If two threads read one descriptor, each
/// gets some of its bytes: a line can be divided, or joined to another.
/// Source: UNP figures 3.17 and 3.18, which read ahead or byte by byte.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2)) SOCKUTIL_WRITES(2, 3)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_readline(sockfd: c_int, buf: *mut c_void, maxlen: size_t) -> ssize_t {
    // SAFETY: `buf` is NULL, or the caller promises `maxlen` writable bytes there.
    unsafe { readline(sockfd, buf, maxlen) }
}

/// The body of both exports of this name. Exports never call each other, since
/// a program may interpose them.
///
/// # Safety
/// Unless it is null, `buf` is writable for `n` bytes.
pub(super) unsafe fn readn(fd: c_int, buf: *mut c_void, n: size_t) -> ssize_t {
    outcome::of(|| {
        // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
        let memory = unsafe { check::memory(buf, n) }?;
        let mut buffer = Buffer::fresh(memory);
        stream::read_full(&mut Own::new(fd), &mut buffer)?;
        Ok(outcome::count(buffer.len()))
    })
}

/// # Safety
/// Unless it is null, `buf` is readable for `n` bytes.
pub(super) unsafe fn writen(fd: c_int, buf: *const c_void, n: size_t) -> ssize_t {
    outcome::of(|| {
        // SAFETY: `buf` is NULL, or the caller promises `n` readable bytes there.
        let bytes = unsafe { check::bytes(buf, n) }?;
        let mut done = 0;
        stream::write_full(&mut Own::new(fd), bytes, &mut done)?;
        Ok(outcome::count(done))
    })
}

/// # Safety
/// Unless it is null, `buf` is writable for `len` bytes.
pub(super) unsafe fn recv_peek(sockfd: c_int, buf: *mut c_void, len: size_t) -> ssize_t {
    outcome::of(|| {
        // SAFETY: `buf` is NULL, or the caller promises `len` writable bytes there.
        let memory = unsafe { check::memory(buf, len) }?;
        if memory.is_empty() {
            // AF_UNIX would wait for a byte and return none; TCP would return 0, which means the end of the stream.
            return Err(INVALID);
        }
        let mut buffer = Buffer::fresh(memory);
        let seen = Own::new(sockfd).peek(&mut buffer, usize::MAX)?;
        Ok(outcome::count(seen))
    })
}

/// # Safety
/// Unless it is null, `buf` is writable for `maxlen` bytes.
pub(super) unsafe fn readline(sockfd: c_int, buf: *mut c_void, maxlen: size_t) -> ssize_t {
    outcome::of(|| {
        // SAFETY: `buf` is NULL, or the caller promises `maxlen` writable bytes there.
        let memory = unsafe { check::text(buf, maxlen) }?;
        let mut buffer = Buffer::fresh(memory);
        line::read_line(&mut Own::new(sockfd), &mut buffer)?;
        Ok(outcome::count(buffer.len()))
    })
}
