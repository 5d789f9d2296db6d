//! What the targets share: how an input is taken apart, a stream that is fed in pieces, and what the calls must answer.

pub mod input;
// The property tests' model: it knows the input and the contract, and nothing of the library.
#[path = "../../tests/properties/model.rs"]
pub mod model;
pub mod stream;
// The same of a text for TCP and Unix sockets.
#[path = "../../tests/properties/stream_text.rs"]
pub mod stream_text;

use libc::c_int;

pub use libc::{EAGAIN, EINVAL, EMSGSIZE};

pub const FOREVER: c_int = -1;
pub const NOWAIT: c_int = 0;

/// The errno that a success must leave alone.
const UNTOUCHED_ERRNO: c_int = 4711;

/// Makes a call of C; gives its answer, and errno if it failed. A success must leave errno as it was.
pub fn call<T: Copy + Into<i64>>(function: impl FnOnce() -> T) -> (i64, c_int) {
    unsafe { *libc::__errno_location() = UNTOUCHED_ERRNO };
    let answer = function().into();
    let errno = unsafe { *libc::__errno_location() };
    if answer < 0 {
        return (answer, errno);
    }
    assert_eq!(errno, UNTOUCHED_ERRNO, "success changed errno");
    (answer, 0)
}
