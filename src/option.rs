//! Socket options.

use core::ffi::c_int;

use errno::Errno;

use crate::sys;

/// `sockutil_set_reuseaddr`.
pub fn set_reuseaddr(fd: c_int, on: bool) -> Result<(), Errno> {
    sys::setsockopt_int(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, c_int::from(on))
}
