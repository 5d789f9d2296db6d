//! The only place that turns a result into C's answer: a value and an untouched errno, or -1 and errno.

use core::ffi::c_int;
use core::mem::MaybeUninit;

use errno::{Errno, errno, set_errno};

use crate::line::Line;
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

/// How a read of what is there has ended.
pub fn some(count: usize) -> c_int {
    if count == 0 { END } else { DONE }
}

/// How copying a line has ended.
pub fn line(how: Line) -> Result<c_int, Errno> {
    match how {
        Line::Whole => Ok(DONE),
        Line::End => Ok(END),
        Line::Cut => Err(Errno(libc::EMSGSIZE)),
    }
}

/// The return types of the C functions.
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

/// Runs a call. On success errno gets its old value back, since system calls inside may have failed and set it.
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

/// Runs a call that cannot fail, whatever errno the functions below it leave.
pub fn untouched(call: impl FnOnce()) {
    let before = errno();
    call();
    set_errno(before);
}

/// Runs a call that makes no system call, so that errno is untouched on success.
pub fn of_itself<T: Answer>(call: impl FnOnce() -> Result<T, Errno>) -> T {
    call().unwrap_or_else(|e| {
        set_errno(e);
        T::FAILED
    })
}

/// Runs a call that may ask the resolver. The resolver's code goes to `*gai`; it is 0 in every other case.
pub fn resolved(gai: Option<&mut MaybeUninit<c_int>>, call: impl FnOnce() -> Result<c_int, Failure>) -> c_int {
    let mut code = 0;
    let answer = of(|| {
        call().map_err(|failure| {
            code = failure.gai;
            failure.errno
        })
    });
    if let Some(gai) = gai {
        gai.write(code);
    }
    answer
}

/// The count of a classic call, which is below `SSIZE_MAX` because [`check`](super::check) let no more be asked for.
pub fn count(n: usize) -> isize {
    isize::from_ne_bytes(n.to_ne_bytes())
}
