//! The bare names, for programs that declare them by hand. A program that includes the header uses none of these: there
//! they are inline functions. In the static library they are weak (capi/stage.sh), so that a program's own come first.

use core::ffi::{c_int, c_void};

use libc::{size_t, ssize_t};

use super::classic;

/// `sockutil_readn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn readn(fd: c_int, buf: *mut c_void, n: size_t) -> ssize_t {
    // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
    unsafe { classic::readn(fd, buf, n) }
}

/// `sockutil_writen`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn writen(fd: c_int, buf: *const c_void, n: size_t) -> ssize_t {
    // SAFETY: `buf` is NULL, or the caller promises `n` readable bytes there.
    unsafe { classic::writen(fd, buf, n) }
}

/// `sockutil_recv_peek`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn recv_peek(sockfd: c_int, buf: *mut c_void, len: size_t) -> ssize_t {
    // SAFETY: `buf` is NULL, or the caller promises `len` writable bytes there.
    unsafe { classic::recv_peek(sockfd, buf, len) }
}

/// `sockutil_readline`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn readline(sockfd: c_int, buf: *mut c_void, maxlen: size_t) -> ssize_t {
    // SAFETY: `buf` is NULL, or the caller promises `maxlen` writable bytes there.
    unsafe { classic::readline(sockfd, buf, maxlen) }
}
