//! Version.

use core::ffi::{CStr, c_char, c_int};

/// The version of this header: major.
pub const SOCKUTIL_VERSION_MAJOR: c_int = 0;

/// The version of this header: minor.
pub const SOCKUTIL_VERSION_MINOR: c_int = 1;

/// The version of this header: patch.
pub const SOCKUTIL_VERSION_PATCH: c_int = 0;

const VERSION: &CStr = c"0.1.0";

/// Return the version of the library that is linked, as "major.minor.patch".
///
/// A program compares it with SOCKUTIL_VERSION_MAJOR, _MINOR and _PATCH, those
/// of the header that it was compiled with.
///
/// Returns a static text, never NULL.
///
/// Async-signal-safe and thread-safe.
/// Source: semver.org.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_version() -> *const c_char {
    VERSION.as_ptr()
}
