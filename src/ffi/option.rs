//! Options.

use core::ffi::c_int;

use super::outcome;
use crate::option;

/// Let a socket bind to an address that old connections still hold.
///
/// Sets SO_REUSEADDR if on is not 0, and clears it if on is 0, before bind(2).
/// On Linux a bind meets no EADDRINUSE from connections in TIME_WAIT if their
/// socket had the option too; a second listener is still refused.
///
/// Returns 0; -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and what setsockopt(2) says.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX setsockopt; socket(7).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_reuseaddr(fd: c_int, on: c_int) -> c_int {
    outcome::of(|| option::set_reuseaddr(fd, on != 0).map(|()| 0))
}
