//! SIGPIPE for programs, and ended children for servers.

use core::ffi::c_int;

use errno::Errno;

use crate::sys;

/// `sockutil_ignore_sigpipe`.
pub fn ignore_sigpipe() -> Result<(), Errno> {
    sys::ignore_signal(libc::SIGPIPE)
}

/// `sockutil_reap_children`.
pub fn reap_children() -> Result<c_int, Errno> {
    let mut count: c_int = 0;
    loop {
        match sys::reap_one() {
            // The other children still run: to go on would spin until one of them ends.
            Ok(0) | Err(Errno(libc::ECHILD)) => return Ok(count),
            Ok(_) => count += 1,
            Err(Errno(libc::EINTR)) => {}
            Err(e) => return Err(e),
        }
    }
}
