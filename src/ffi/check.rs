//! Checks of the arguments from C, in one place: bad input is EINVAL, and nothing happens.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::slice;

use errno::Errno;
use libc::{iovec, pollfd};

use super::flags::Checked;
use crate::memory::{Buffer, Bytes, IoSlice};
use crate::resolve::{Purpose, Query};
use crate::time;

/// The caller's mistake.
pub const INVALID: Errno = Errno(libc::EINVAL);

/// The largest count of a transfer: `SSIZE_MAX`.
pub fn countable(n: usize) -> Result<usize, Errno> {
    if isize::try_from(n).is_ok() { Ok(n) } else { Err(INVALID) }
}

/// Memory to send from.
///
/// # Safety
/// Unless it is null, `start` is readable for `n` bytes for as long as the result is used.
pub unsafe fn bytes<'a>(start: *const c_void, n: usize) -> Result<Bytes<'a>, Errno> {
    match countable(n)? {
        0 => Ok(&[]),
        _ if start.is_null() => Err(INVALID),
        // SAFETY: not null, at most isize::MAX; readable for `n` bytes, as this function requires.
        n => Ok(unsafe { slice::from_raw_parts(start.cast(), n) }),
    }
}

/// Memory to fill.
///
/// # Safety
/// Unless it is null, `start` is writable for `n` bytes, and nothing else uses them, for as long as the result is used.
pub unsafe fn memory<'a>(start: *mut c_void, n: usize) -> Result<&'a mut [MaybeUninit<u8>], Errno> {
    match countable(n)? {
        0 => Ok(&mut []),
        _ if start.is_null() => Err(INVALID),
        // SAFETY: not null, at most isize::MAX; writable for `n` bytes, as this function requires.
        n => Ok(unsafe { slice::from_raw_parts_mut(start.cast(), n) }),
    }
}

/// Memory to fill with at least one byte.
///
/// # Safety
/// As for [`memory`].
pub unsafe fn some_memory<'a>(start: *mut c_void, n: usize) -> Result<&'a mut [MaybeUninit<u8>], Errno> {
    // SAFETY: `start` is NULL, or writable for `n` bytes, as this function requires.
    if n == 0 { Err(INVALID) } else { unsafe { memory(start, n) } }
}

/// Memory to fill with at least one byte and a NUL.
///
/// # Safety
/// As for [`memory`].
pub unsafe fn text<'a>(start: *mut c_void, cap: usize) -> Result<&'a mut [MaybeUninit<u8>], Errno> {
    // SAFETY: `start` is NULL, or writable for `cap` bytes, as this function requires.
    let memory = unsafe { memory(start, cap) }?;
    if memory.len() < 2 { Err(INVALID) } else { Ok(memory) }
}

/// A C string; `None` for NULL.
///
/// # Safety
/// Unless it is null, `start` points to bytes that end with a NUL and live as long as the result is used.
pub unsafe fn text_of<'a>(start: *const c_char) -> Option<&'a CStr> {
    // SAFETY: not null; the bytes end with a NUL, as this function requires.
    if start.is_null() { None } else { Some(unsafe { CStr::from_ptr(start) }) }
}

/// A query for the resolver. The host may be NULL, the service not.
///
/// # Safety
/// As for [`text_of`], for both.
pub unsafe fn query<'a>(
    host: *const c_char,
    service: *const c_char,
    kind: c_int,
    flags: &Checked,
    purpose: Purpose,
) -> Result<Query<'a>, Errno> {
    // SAFETY: `service` is NULL, or a C string of the caller's.
    let service = unsafe { text_of(service) }.ok_or(INVALID)?;
    // SAFETY: `host` is NULL, or a C string of the caller's.
    let host = unsafe { text_of(host) };
    Ok(Query { host, service, kind, family: flags.family, numeric: flags.numeric, purpose })
}

/// An array to read.
///
/// # Safety
/// Unless it is null, `start` starts `count` values, for as long as the result is used.
pub unsafe fn values<'a, T>(start: *const T, count: usize) -> Result<&'a [T], Errno> {
    countable(count.checked_mul(size_of::<T>()).ok_or(INVALID)?)?;
    match count {
        0 => Ok(&[]),
        _ if start.is_null() => Err(INVALID),
        // SAFETY: not null, at most isize::MAX bytes; `count` values start there, as this function requires.
        count => Ok(unsafe { slice::from_raw_parts(start, count) }),
    }
}

/// An array to fill.
///
/// # Safety
/// Unless it is null, `start` is writable for `count` values, and nothing else uses them, for as long as the result is
/// used.
pub unsafe fn array<'a, T>(start: *mut T, count: usize) -> Result<&'a mut [MaybeUninit<T>], Errno> {
    countable(count.checked_mul(size_of::<T>()).ok_or(INVALID)?)?;
    match count {
        0 => Ok(&mut []),
        _ if start.is_null() => Err(INVALID),
        // SAFETY: not null, at most isize::MAX bytes; writable for `count` values, as this function requires.
        count => Ok(unsafe { slice::from_raw_parts_mut(start.cast(), count) }),
    }
}

/// The entries of poll(2).
///
/// # Safety
/// Unless it is null, `first` starts `count` entries, which nothing else uses for as long as the result is used. Their
/// revents need not be set: they are outputs.
pub unsafe fn entries<'a>(first: *mut pollfd, count: usize) -> Result<&'a mut [pollfd], Errno> {
    // The kernel would look at the lower half of a larger count alone.
    c_int::try_from(count).map_err(|_| INVALID)?;
    // SAFETY: `first` is NULL, or `count` entries, as this function requires.
    let entries = unsafe { array(first, count) }?;
    // SAFETY: the caller has set fd and events; the kernel alone writes revents before anyone reads it.
    Ok(unsafe { slice::from_raw_parts_mut(entries.as_mut_ptr().cast(), entries.len()) })
}

/// A backlog: 0 to 65535, so that a flag in its place is an error.
pub fn backlog(backlog: c_int) -> Result<c_int, Errno> {
    if (0..1 << 16).contains(&backlog) { Ok(backlog) } else { Err(INVALID) }
}

/// Stores a text and its NUL, or nothing if they do not fit.
pub fn store_text(memory: &mut [MaybeUninit<u8>], text: &[u8]) -> Result<(), Errno> {
    let mut buffer = Buffer::fresh(memory);
    if buffer.room() <= text.len() {
        return Err(Errno(libc::ENOSPC));
    }
    buffer.extend(text);
    buffer.terminate();
    Ok(())
}

/// Stores a text and its NUL, or nothing if they do not fit. `write` writes both to memory that holds any text of its
/// kind, and returns the length of the text. If the caller's memory is that large, it writes there and saves a copy.
pub fn write_text<const N: usize>(
    memory: &mut [MaybeUninit<u8>],
    write: impl Fn(&mut [u8; N]) -> usize,
) -> Result<(), Errno> {
    if let Some(place) = memory.first_chunk_mut::<N>() {
        *place = [MaybeUninit::new(0); N];
        // SAFETY: each byte has just been written, and `MaybeUninit<u8>` has the layout of `u8`.
        write(unsafe { &mut *ptr::from_mut(place).cast() });
        return Ok(());
    }
    let mut text = [0; N];
    let length = write(&mut text);
    store_text(memory, text.get(..length).unwrap_or_default())
}

/// Memory for one line and its NUL, which holds what `*done` counts: no whole line, or the caller forgot to reset the
/// count. It is terminated, so that a failure also leaves a text.
///
/// # Safety
/// As for [`memory`]; earlier calls have written the bytes that `done` counts.
pub unsafe fn line<'a>(
    start: *mut c_char,
    cap: usize,
    done: Option<&mut usize>,
) -> Result<(Buffer<'a>, Done<'_>), Errno> {
    // SAFETY: `start` is NULL, or writable for `cap` bytes, as this function requires.
    let memory = unsafe { text(start.cast(), cap) }?;
    let done = Done::new(done, cap - 1)?;
    // SAFETY: the bytes that `done` counts are written, as this function requires.
    let mut buffer = unsafe { Buffer::new(memory, done.start()) };
    if buffer.last() == Some(b'\n') {
        return Err(INVALID);
    }
    buffer.terminate();
    Ok((buffer, done))
}

/// A `timeout_ms`.
pub fn timeout(timeout_ms: c_int) -> Result<(), Errno> {
    if timeout_ms < time::FOREVER { Err(INVALID) } else { Ok(()) }
}

/// The buffers of writev(2), and their total length.
///
/// # Safety
/// Unless it is null, `first` starts `count` iovecs, and each that is not null names memory that is readable for its
/// length, for as long as the result is used.
pub unsafe fn slices<'a>(first: *const iovec, count: c_int) -> Result<(&'a [IoSlice<'a>], usize), Errno> {
    let count = usize::try_from(count).map_err(|_| INVALID)?;
    // On 32-bit machines an int can count more entries than there is memory for.
    countable(count.checked_mul(size_of::<iovec>()).ok_or(INVALID)?)?;
    if count == 0 {
        return Ok((&[], 0));
    }
    if first.is_null() {
        return Err(INVALID);
    }
    // SAFETY: not null, at most isize::MAX bytes; `count` entries start there, as this function requires.
    let entries: &[iovec] = unsafe { slice::from_raw_parts(first, count) };
    let mut total: usize = 0;
    for entry in entries {
        if entry.iov_base.is_null() && entry.iov_len > 0 {
            return Err(INVALID);
        }
        total = countable(total.checked_add(entry.iov_len).ok_or(INVALID)?)?;
    }
    // SAFETY: the same memory. Each entry was just checked, and names readable memory, as this function requires.
    Ok((unsafe { IoSlice::from_raw(first, count) }, total))
}

/// A caller's `*done`: in and out.
pub struct Done<'a> {
    place: Option<&'a mut usize>,
    start: usize,
}

impl<'a> Done<'a> {
    /// Refuses a count above `n`, and one that says that all is done already: the caller forgot to reset it.
    pub fn new(place: Option<&'a mut usize>, n: usize) -> Result<Self, Errno> {
        let done = Self::open(place);
        let fresh = done.start < n || (done.start == 0 && n == 0);
        if fresh { Ok(done) } else { Err(INVALID) }
    }

    /// A count that goes on from its value.
    pub fn open(place: Option<&'a mut usize>) -> Self {
        let start = place.as_deref().copied().unwrap_or(0);
        Self { place, start }
    }

    /// The count before this call.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Stores the count for the caller.
    pub fn report(self, count: usize) {
        if let Some(place) = self.place {
            *place = count;
        }
    }
}
