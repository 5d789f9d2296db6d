//! The permissions of a Unix socket's file.

use core::ffi::{CStr, c_int};

use errno::Errno;
use libc::{c_long, mode_t};

use super::{checked, status};

/// The bits that chmod(2) sets.
const PERMISSIONS: mode_t = 0o7777;

/// What `fstat(2)` says of a socket's file.
pub struct SocketFile {
    /// Its permissions.
    pub mode: mode_t,
    /// Whether the file has another name, too.
    pub is_linked: bool,
}

/// `openat(2)` of a path's last component itself, a symbolic link too, for nothing but its name.
pub fn open_path(path: &CStr) -> Result<c_int, Errno> {
    let flags = libc::O_PATH | libc::O_NOFOLLOW | libc::O_CLOEXEC;
    // SAFETY: a CStr has its NUL.
    checked(unsafe { libc::openat(libc::AT_FDCWD, path.as_ptr(), flags) })
}

/// `fstat(2)`: `None` if it is no socket's file.
pub fn socket_file(fd: c_int) -> Result<Option<SocketFile>, Errno> {
    let status = status(fd)?;
    let is_socket = status.st_mode & libc::S_IFMT == libc::S_IFSOCK;
    Ok(is_socket.then_some(SocketFile { mode: status.st_mode & PERMISSIONS, is_linked: status.st_nlink > 1 }))
}

/// `fchmod(2)`. Linux gives the file of a socket no more permissions than the socket had before bind(2).
pub fn fchmod(fd: c_int, mode: mode_t) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::fchmod(fd, mode) })?;
    Ok(())
}

/// `chmod(2)` of what is open as `fd`, by its name in /proc: fchmod(2) refuses a descriptor of `O_PATH`.
pub fn chmod_in_proc(fd: c_int, mode: mode_t) -> Result<(), Errno> {
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
pub fn chmod_opened(fd: c_int, mode: mode_t) -> Result<(), Errno> {
    const SYS_FCHMODAT2: c_long = 452;
    // Pass whole registers: with an int, the upper half of a C variable argument is undefined.
    let (fd, mode, flags) = (c_long::from(fd), c_long::from(mode), c_long::from(libc::AT_EMPTY_PATH));
    // SAFETY: the path is an empty C string; the other arguments are integers.
    checked(unsafe { libc::syscall(SYS_FCHMODAT2, fd, c"".as_ptr(), mode, flags) })?;
    Ok(())
}
