//! Listeners that the service manager has opened, as systemd passes them.

use core::ffi::{CStr, c_int};

use errno::Errno;

use crate::address::parse_decimal;
use crate::sys;

/// The number of the first that is passed.
pub const FIRST: c_int = 3;

/// `sockutil_listen_fds`: how many are passed.
pub fn listen_fds() -> Result<c_int, Errno> {
    match number(c"LISTEN_PID")? {
        // A parent's variables: the descriptors were passed to that process.
        Some(pid) if pid != sys::getpid() => return Ok(0),
        Some(_) => {}
        None => return Ok(0),
    }
    let count = number(c"LISTEN_FDS")?.unwrap_or(0);
    // The variable can be any number.
    let end = FIRST.checked_add(count).ok_or(Errno(libc::EINVAL))?;
    // Check all before the first changes.
    for fd in FIRST..end {
        sys::descriptor_flags(fd)?;
    }
    for fd in FIRST..end {
        sys::set_close_on_exec(fd)?;
    }
    Ok(count)
}

/// A variable of the environment, which must be a decimal number if it is there.
fn number(name: &CStr) -> Result<Option<c_int>, Errno> {
    let parse = |text: &CStr| parse_decimal(text.to_bytes()).ok_or(Errno(libc::EINVAL));
    sys::getenv(name).map(parse).transpose()
}
