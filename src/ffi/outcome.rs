//! The one place where a result becomes what C expects: a value and an untouched errno, or -1 and errno.

use core::ffi::c_int;

use errno::{Errno, errno, set_errno};

use crate::resolve::Failure;
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

/// Runs a call that asks nobody else, so that nobody has touched errno when it succeeds.
pub fn of_itself<T: Answer>(call: impl FnOnce() -> Result<T, Errno>) -> T {
    call().unwrap_or_else(|e| {
        set_errno(e);
        T::FAILED
    })
}

/// Runs a call that may ask the resolver, whose own code goes to `*gai`; 0 for everything else.
///
/// # Safety
/// Unless it is null, `gai` is writable.
pub unsafe fn resolved(gai: *mut c_int, call: impl FnOnce() -> Result<c_int, Failure>) -> c_int {
    let mut code = 0;
    let answer = of(|| {
        call().map_err(|failure| {
            code = failure.gai;
            failure.errno
        })
    });
    // SAFETY: the caller vouches for it.
    if let Some(gai) = unsafe { gai.as_mut() } {
        *gai = code;
    }
    answer
}

/// The count of a classic call, which is below `SSIZE_MAX` because [`check`](super::check) let no more be asked for.
pub fn count(n: usize) -> isize {
    isize::from_ne_bytes(n.to_ne_bytes())
}
