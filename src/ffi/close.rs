//! Closing.

use core::ffi::c_int;

use super::outcome;
use crate::close;

/// Close the sending direction of a connection: half-close.
///
/// Calls shutdown(2) with SHUT_WR. The peer reads to the end of the stream, and
/// you can still read what it sends. The shutdown holds for every process that
/// shares the descriptor. The descriptor stays open.
///
/// Returns 0; -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTCONN   there is no connection, or the peer has reset it
///   ENOTSOCK   fd is not a socket
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX shutdown; UNP section 6.6.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_shutdown_write(fd: c_int) -> c_int {
    outcome::of(|| close::shutdown_write(fd).map(|()| 0))
}

/// Close a descriptor.
///
/// Calls close(2) once. EINTR is success here: Linux has closed the descriptor,
/// and a second try could close a descriptor that another thread has just
/// opened. A socket with unread input sends RST, and data on its way to the
/// peer can be lost: see sockutil_close_graceful. The descriptor is closed on
/// every path.
///
/// Returns 0; -1 with errno:
///   EBADF   fd is not a descriptor
/// and the errors of close(2): EIO, ENOSPC, EDQUOT: earlier writes have failed.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX close; close(2).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_close(fd: c_int) -> c_int {
    outcome::of(|| close::close(fd).map(|()| 0))
}

/// Close a connection so that the peer gets all sent data.
///
/// Turns SO_LINGER off, sends FIN, reads and discards the peer's data until its
/// end of stream, and closes. Unread input would make close(2) send RST, which
/// destroys data on its way to the peer. If the peer has gone before the call,
/// the result is still 0. If it had reset the connection, your data may be lost
/// all the same. timeout_ms bounds the whole call: -1 SOCKUTIL_FOREVER waits, 0
/// SOCKUTIL_NOWAIT discards what is queued, at most 256 KiB. Signals neither
/// end nor stretch it; setting a flag in a handler does not end a wait. The
/// descriptor is closed on every path, also for bad arguments; other processes
/// that share it keep theirs, shut down for writing.
///
/// Returns 0; -1 with errno, although the descriptor is closed:
///   ETIMEDOUT   time ran out, or 256 KiB came with SOCKUTIL_NOWAIT, before the
///               peer's end of stream
///   EINVAL      timeout_ms is below -1
///   EBADF       fd is not a descriptor
///   ENOTSOCK    fd is not a socket
/// and the errors of recv(2) and close(2): ECONNRESET, the peer may have lost
/// data.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX shutdown, recv, close; RFC 1122, section 4.2.2.13; UNP
/// section 7.5.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_close_graceful(fd: c_int, timeout_ms: c_int) -> c_int {
    outcome::of(|| close::close_graceful(fd, timeout_ms).map(|()| 0))
}

/// Close a connection at once, with RST.
///
/// Sets SO_LINGER to 0 seconds and closes: unsent data is discarded, the peer
/// reads ECONNRESET, and there is no TIME_WAIT afterwards. The descriptor is
/// closed on every path. While another process shares it, the connection stays
/// open; it is reset when the last one closes.
///
/// Returns 0; -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of close(2).
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX setsockopt, close; UNP section 7.5.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_close_reset(fd: c_int) -> c_int {
    outcome::of(|| close::close_reset(fd).map(|()| 0))
}
