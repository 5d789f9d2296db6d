//! Byte order. Nothing here can fail, and nothing is a system call.

use core::ffi::{c_int, c_void};

/// Turn a 16-bit number from this host's byte order into network byte order.
///
/// Returns the number, big-endian in memory.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX htons.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_htons(host: u16) -> u16 {
    host.to_be()
}

/// Turn a 16-bit number from network byte order into this host's.
///
/// Returns the number.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX ntohs.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_ntohs(net: u16) -> u16 {
    u16::from_be(net)
}

/// Turn a 32-bit number from this host's byte order into network byte order.
///
/// Returns the number, big-endian in memory.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX htonl.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_htonl(host: u32) -> u32 {
    host.to_be()
}

/// Turn a 32-bit number from network byte order into this host's.
///
/// Returns the number.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX ntohl.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_ntohl(net: u32) -> u32 {
    u32::from_be(net)
}

/// Turn a 64-bit number from this host's byte order into network byte order.
///
/// Returns the number, big-endian in memory.
///
/// Async-signal-safe and thread-safe.
/// Source: be64toh(3).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_htonll(host: u64) -> u64 {
    host.to_be()
}

/// Turn a 64-bit number from network byte order into this host's.
///
/// Returns the number.
///
/// Async-signal-safe and thread-safe.
/// Source: be64toh(3).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_ntohll(net: u64) -> u64 {
    u64::from_be(net)
}

/// Read a big-endian 16-bit number from memory of any alignment.
///
/// Returns the number, in this host's byte order; 0 if from is NULL.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 1700, data notations.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_get_be16(from: *const c_void) -> u16 {
    // SAFETY: the caller promises 2 readable bytes, and bytes have any alignment.
    unsafe { from.cast::<[u8; 2]>().as_ref() }.map_or(0, |bytes| u16::from_be_bytes(*bytes))
}

/// Write a 16-bit number to memory of any alignment, big-endian.
///
/// Returns nothing; nothing is written if to is NULL.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 1700, data notations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_put_be16(to: *mut c_void, value: u16) {
    if !to.is_null() {
        // SAFETY: the caller promises 2 writable bytes, and bytes have any alignment.
        unsafe { to.cast::<[u8; 2]>().write(value.to_be_bytes()) }
    }
}

/// Read a big-endian 32-bit number from memory of any alignment.
///
/// Returns the number, in this host's byte order; 0 if from is NULL.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 1700, data notations.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_get_be32(from: *const c_void) -> u32 {
    // SAFETY: the caller promises 4 readable bytes, and bytes have any alignment.
    unsafe { from.cast::<[u8; 4]>().as_ref() }.map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// Write a 32-bit number to memory of any alignment, big-endian.
///
/// Returns nothing; nothing is written if to is NULL.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 1700, data notations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_put_be32(to: *mut c_void, value: u32) {
    if !to.is_null() {
        // SAFETY: the caller promises 4 writable bytes, and bytes have any alignment.
        unsafe { to.cast::<[u8; 4]>().write(value.to_be_bytes()) }
    }
}

/// Read a big-endian 64-bit number from memory of any alignment.
///
/// Returns the number, in this host's byte order; 0 if from is NULL.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 1700, data notations.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_get_be64(from: *const c_void) -> u64 {
    // SAFETY: the caller promises 8 readable bytes, and bytes have any alignment.
    unsafe { from.cast::<[u8; 8]>().as_ref() }.map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Write a 64-bit number to memory of any alignment, big-endian.
///
/// Returns nothing; nothing is written if to is NULL.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 1700, data notations.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_put_be64(to: *mut c_void, value: u64) {
    if !to.is_null() {
        // SAFETY: the caller promises 8 writable bytes, and bytes have any alignment.
        unsafe { to.cast::<[u8; 8]>().write(value.to_be_bytes()) }
    }
}

/// Check whether this host stores the most significant byte first.
///
/// Returns 1 on a big-endian host, 0 on a little-endian one.
///
/// Async-signal-safe and thread-safe.
/// Source: UNP figure 3.10.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_is_big_endian() -> c_int {
    c_int::from(cfg!(target_endian = "big"))
}
