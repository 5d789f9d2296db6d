//! Addresses as text.

use core::ffi::{CStr, c_char, c_int, c_void};

use errno::Errno;
use libc::socklen_t;

use super::check::{self, INVALID};
use super::outcome;
use crate::address::Ip;

/// Read an address from its text.
///
/// Accepts for AF_INET four decimal numbers of 0 to 255 without leading zeros
/// and dots between them, for AF_INET6 the forms of RFC 4291, section 2.2,
/// without a zone; no blanks, no other form. dst is a struct in_addr or a
/// struct in6_addr, in network byte order, of any alignment; it is written
/// only on success.
///
/// Returns 1; 0 if text is not an address of that family; -1 with errno:
///   EAFNOSUPPORT   af is neither AF_INET nor AF_INET6
///   EINVAL         text or dst is NULL
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX inet_pton; RFC 4291.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_pton(af: c_int, text: *const c_char, dst: *mut c_void) -> c_int {
    outcome::of(|| {
        if text.is_null() || dst.is_null() {
            return Err(INVALID);
        }
        // SAFETY: not null, and the caller vouches for its NUL.
        let text = unsafe { CStr::from_ptr(text) };
        match Ip::parse(af, text.to_bytes())? {
            None => return Ok(0),
            // SAFETY: the caller vouches for room for this family's address; any alignment serves bytes.
            Some(Ip::V4(address)) => unsafe { dst.cast::<[u8; 4]>().write(address) },
            // SAFETY: as above.
            Some(Ip::V6(address)) => unsafe { dst.cast::<[u8; 16]>().write(address) },
        }
        Ok(1)
    })
}

/// Write an address as text.
///
/// Writes the one text that RFC 5952 allows, the same on every libc: lower
/// case, "::" for the first of the longest runs of two or more zero groups,
/// dotted for ::ffff:0:0/96 alone. src is a struct in_addr or a struct
/// in6_addr, in network byte order, of any alignment. size is that of the
/// whole of dst, NUL included: INET_ADDRSTRLEN or INET6_ADDRSTRLEN suffices.
///
/// Returns dst; NULL with errno, and dst untouched:
///   ENOSPC         the text and its NUL are longer than size
///   EAFNOSUPPORT   af is neither AF_INET nor AF_INET6
///   EINVAL         src or dst is NULL
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX inet_ntop; RFC 5952.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_ntop(
    af: c_int,
    src: *const c_void,
    dst: *mut c_char,
    size: socklen_t,
) -> *const c_char {
    outcome::of(|| {
        if src.is_null() || dst.is_null() {
            return Err(INVALID);
        }
        let ip = match af {
            // SAFETY: not null, the caller vouches for an address of the family, and any alignment serves bytes.
            libc::AF_INET => Ip::V4(unsafe { src.cast::<[u8; 4]>().read() }),
            // SAFETY: as above.
            libc::AF_INET6 => Ip::V6(unsafe { src.cast::<[u8; 16]>().read() }),
            _ => return Err(Errno(libc::EAFNOSUPPORT)),
        };
        let size = usize::try_from(size).map_err(|_| INVALID)?;
        // SAFETY: the caller vouches for it.
        let memory = unsafe { check::memory(dst.cast(), size) }?;
        check::store_text(memory, ip.format().as_bytes())?;
        Ok(dst.cast_const())
    })
}
