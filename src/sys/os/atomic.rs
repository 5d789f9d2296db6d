//! Descriptors that have their flags from the start, where the system calls take these.

use core::ffi::c_int;

use errno::Errno;
use libc::{sockaddr, socklen_t};

use crate::sys::checked;

/// For `socket` and `accept`.
pub use libc::{SOCK_CLOEXEC, SOCK_NONBLOCK};

/// `socket(2)`.
pub fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<c_int, Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::socket(family, kind, protocol) })
}

/// `accept4(2)`, which does not hand on the listener's `O_NONBLOCK`.
///
/// # Safety
/// `peer` is writable for `*length` bytes.
pub unsafe fn accept(fd: c_int, peer: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> Result<c_int, Errno> {
    // SAFETY: the address is writable for its length, as this function requires.
    checked(unsafe { libc::accept4(fd, peer, length, flags) })
}

/// A descriptor that has come with a message: the kernel has made it close-on-exec.
pub fn arrived(_fd: c_int) {}
