//! The file at a path, opened for nothing but its name, and its permissions.

use core::ffi::{CStr, c_int};

use errno::Errno;
use libc::{c_long, mode_t};

use crate::sys::{SocketFile, checked, close, socket_file};

/// What is at a path, a symbolic link too. Its permissions can change without another look at the path.
pub struct OpenPath(c_int);

impl OpenPath {
    /// `openat(2)` of a path's last component itself.
    pub fn new(path: &CStr) -> Result<Self, Errno> {
        let flags = libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC;
        // SAFETY: a CStr has its NUL.
        checked(unsafe { libc::openat(libc::AT_FDCWD, path.as_ptr(), flags) }).map(Self)
    }

    /// `fstat(2)`: `None` if it is no socket's file.
    pub fn socket_file(&self) -> Result<Option<SocketFile>, Errno> {
        crate::sys::status(self.0).map(|status| socket_file(&status))
    }

    /// `chmod(2)` by its name in /proc, since fchmod(2) refuses a descriptor of `O_PATH`; `fchmodat2(2)` if there is no
    /// /proc.
    pub fn chmod(&self, mode: mode_t) -> Result<(), Errno> {
        match chmod_in_proc(self.0, mode) {
            Err(Errno(libc::ENOENT)) => match chmod_opened(self.0, mode) {
                Err(Errno(libc::ENOSYS)) => Err(Errno(libc::ENOTSUP)),
                result => result,
            },
            result => result,
        }
    }
}

impl Drop for OpenPath {
    fn drop(&mut self) {
        // It was never written to, so there is nothing to lose.
        let _ = close(self.0);
    }
}

/// `chmod(2)` of what is open as `fd`, by its name in /proc.
fn chmod_in_proc(fd: c_int, mode: mode_t) -> Result<(), Errno> {
    // Slashes that are left before the number do not matter; leading zeros would.
    let mut name = *b"/proc/self/fd///////////\0";
    let mut rest = fd.unsigned_abs();
    for place in name.iter_mut().rev().skip(1) {
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    // SAFETY: the name ends with a NUL.
    checked(unsafe { libc::chmod(name.as_ptr().cast(), mode) })?;
    Ok(())
}

/// `fchmodat2(2)` of what is open as `fd`, by number: Linux has it since 6.6, and the C libraries have no function that
/// is only this call.
fn chmod_opened(fd: c_int, mode: mode_t) -> Result<(), Errno> {
    const SYS_FCHMODAT2: c_long = 452;
    // Pass whole registers: with an int, the upper half of a C variable argument is undefined.
    let (fd, mode, flags) = (c_long::from(fd), c_long::from(mode), c_long::from(libc::AT_EMPTY_PATH));
    // SAFETY: the path is an empty C string; the other arguments are integers.
    checked(unsafe { libc::syscall(SYS_FCHMODAT2, fd, c"".as_ptr(), mode, flags) })?;
    Ok(())
}
