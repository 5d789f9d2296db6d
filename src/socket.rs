//! A socket that is being made: closed on every path but the last.

use core::ffi::c_int;
use core::mem;

use errno::Errno;

use crate::sys;

/// A descriptor of our own, until it is handed over.
pub struct Socket(c_int);

impl Socket {
    /// One for the call at hand.
    pub fn new(family: c_int, kind: c_int) -> Result<Self, Errno> {
        Self::open(family, kind, false)
    }

    /// One to ask `sock_diag` with.
    pub fn open_netlink() -> Result<Self, Errno> {
        sys::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_SOCK_DIAG).map(Self)
    }

    /// Close-on-exec from its first moment on, for another thread may fork and exec meanwhile, unless it is to be
    /// inherited.
    pub fn open(family: c_int, kind: c_int, inherit: bool) -> Result<Self, Errno> {
        let flags = if inherit { 0 } else { libc::SOCK_CLOEXEC };
        sys::socket(family, kind | flags, 0).map(Self)
    }

    /// Its number, which stays ours.
    pub fn fd(&self) -> c_int {
        self.0
    }

    /// The caller's from now on.
    pub fn hand_over(self) -> c_int {
        let fd = self.0;
        mem::forget(self);
        fd
    }
}

/// Repeats a call that has nothing to wait for, and that a signal leaves undone.
pub fn uninterrupted<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno(libc::EINTR)) => {}
            result => return result,
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // What went wrong before is told; a socket that nobody has seen has nothing to lose.
        let _ = sys::close(self.0);
    }
}
