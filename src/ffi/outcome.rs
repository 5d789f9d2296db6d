//! The one place where a result becomes what C expects: a value and an untouched errno, or -1 and errno.

use core::ffi::c_int;

use errno::{Errno, errno, set_errno};

use crate::stream::Read;

/// A transfer is complete.
pub const DONE: c_int = 1;

/// The stream has ended.
pub const END: c_int = 0;

/// How a transfer that reads has ended.
pub fn read(how: Read) -> c_int {
    match how {
        Read::Done => DONE,
        Read::End => END,
    }
}

/// What C functions here return.
pub trait Answer {
    /// The value that says "see errno".
    const FAILED: Self;
}

impl Answer for c_int {
    const FAILED: Self = -1;
}

impl Answer for i64 {
    const FAILED: Self = -1;
}

impl Answer for isize {
    const FAILED: Self = -1;
}

impl<T> Answer for *const T {
    const FAILED: Self = core::ptr::null();
}

/// Runs a call. System calls that failed on the way to success have left their mark in errno, which goes back to what
/// it was.
pub fn of<T: Answer>(call: impl FnOnce() -> Result<T, Errno>) -> T {
    let before = errno();
    match call() {
        Ok(answer) => {
            set_errno(before);
            answer
        }
        Err(e) => {
            set_errno(e);
            T::FAILED
        }
    }
}

/// The count of a classic call.
pub fn count(n: usize) -> Result<isize, Errno> {
    isize::try_from(n).map_err(|_| Errno(libc::EINVAL))
}
