//! The caller's memory, and the search in it; no system call. C's memory may be uninitialized, so no byte is read
//! before a system call has written it.

#![expect(unsafe_code, reason = "memory that C hands over is a pointer and a promise")]

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8};
use core::ffi::{CStr, c_void};
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr;
use core::slice;

use libc::iovec;

/// Bytes to send. A C struct may have uninitialized padding, which the kernel accepts.
pub type Bytes<'a> = &'a [MaybeUninit<u8>];

/// The value of a byte to send.
pub fn value(byte: MaybeUninit<u8>) -> u8 {
    // SAFETY: the byte comes from C, where any byte of an object may be read: an unset one has some value, too.
    unsafe { byte.assume_init() }
}

/// The caller's memory, filled from the front: the first `filled` bytes are the result, and bytes up to `known` have
/// been written, for example by a peek.
pub struct Buffer<'a> {
    memory: &'a mut [MaybeUninit<u8>],
    filled: usize,
    known: usize,
}

impl<'a> Buffer<'a> {
    /// # Safety
    /// The first `filled` bytes of `memory` have been written.
    pub unsafe fn new(memory: &'a mut [MaybeUninit<u8>], filled: usize) -> Self {
        let filled = filled.min(memory.len());
        Self { memory, filled, known: filled }
    }

    /// Nothing has been written yet.
    pub fn fresh(memory: &'a mut [MaybeUninit<u8>]) -> Self {
        Self { memory, filled: 0, known: 0 }
    }

    /// The number of bytes that belong to the result.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// How many more would fit.
    pub fn room(&self) -> usize {
        self.memory.len() - self.filled
    }

    /// The bytes that belong to the result.
    pub fn filled(&self) -> &[u8] {
        self.known().get(..self.filled).unwrap_or_default()
    }

    /// The bytes of the result from an index on, to be sent.
    pub fn bytes_from(&self, start: usize) -> Bytes<'_> {
        self.memory.get(start..self.filled).unwrap_or_default()
    }

    /// The last byte of the result.
    pub fn last(&self) -> Option<u8> {
        self.filled().last().copied()
    }

    /// At most `most` peeked bytes after the result.
    pub fn ahead(&self, most: usize) -> &[u8] {
        let behind = self.known().get(self.filled..).unwrap_or_default();
        behind.get(..most).unwrap_or(behind)
    }

    fn known(&self) -> &[u8] {
        let bytes = self.memory.get(..self.known).unwrap_or_default();
        // SAFETY: `MaybeUninit<u8>` has the layout of `u8`, and everything before `known` has been written.
        unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
    }

    /// Shortens the result, and puts a NUL after it if it became shorter.
    pub fn truncate(&mut self, length: usize) {
        if length < self.filled {
            self.filled = length;
            self.terminate();
        }
    }

    /// Appends as many of the bytes as there is room for, and returns their number.
    pub fn extend(&mut self, bytes: &[u8]) -> usize {
        let (start, room) = self.spare(bytes.len());
        // SAFETY: `spare` gives `room` writable bytes, no more than `bytes` has, and they are borrowed mutably, so the
        // two do not overlap.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), start.cast(), room) };
        self.append(room);
        room
    }

    /// Appends bytes to send. There must be room for them.
    pub fn extend_raw(&mut self, bytes: Bytes<'_>) {
        let place = self.memory.get_mut(self.filled..).and_then(|rest| rest.get_mut(..bytes.len()));
        debug_assert!(place.is_some());
        if let Some(place) = place {
            place.copy_from_slice(bytes);
            self.append(bytes.len());
        }
    }

    /// The result as bytes to send.
    pub fn raw(&self) -> Bytes<'_> {
        self.memory.get(..self.filled).unwrap_or_default()
    }

    /// Drops the first `count` bytes of the result; the others move to the front.
    pub fn drop_front(&mut self, count: usize) {
        let count = count.min(self.filled);
        let rest = self.filled - count;
        let start = self.memory.as_mut_ptr();
        let from = start.wrapping_add(count);
        // SAFETY: `from` starts `rest` bytes, all within the result, and so does `start`.
        unsafe { ptr::copy(from, start, rest) };
        self.filled = rest;
        self.known = rest;
    }

    /// Replaces a byte of the result, and returns the old one.
    pub fn replace(&mut self, index: usize, byte: u8) -> Option<u8> {
        let old = self.filled().get(index).copied();
        if old.is_some() {
            self.memory.get_mut(index)?.write(byte);
        }
        old
    }

    /// Puts a NUL after the result, if there is room for it.
    pub fn terminate(&mut self) {
        if let Some(byte) = self.memory.get_mut(self.filled) {
            byte.write(0);
            self.known = self.known.max(self.filled + 1);
        }
    }

    /// The place of the next bytes, and their number, at most `most`.
    pub fn spare(&mut self, most: usize) -> (*mut c_void, usize) {
        let rest = self.memory.get_mut(self.filled..).unwrap_or_default();
        (rest.as_mut_ptr().cast(), rest.len().min(most))
    }

    /// The kernel has written `count` bytes to the spare part: they are part of the result now.
    pub fn append(&mut self, count: usize) {
        self.filled += count;
        self.known = self.known.max(self.filled);
        debug_assert!(self.known <= self.memory.len());
    }

    /// A peek has written `count` bytes to the spare part; they are not part of the result.
    pub fn note_ahead(&mut self, count: usize) {
        self.known = self.known.max(self.filled + count);
        debug_assert!(self.known <= self.memory.len());
    }
}

/// As many bytes as a `usize` has bits.
pub type Block = [u8; BLOCK_BYTES];

const BLOCK_BYTES: usize = usize::BITS as usize;

/// Where a byte is in a block: bit i is set if it is the one at i.
#[cfg(target_arch = "x86_64")]
#[allow(clippy::inline_always, reason = "a call would cost as much as the search")]
#[allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "but for the load they are arithmetic, and safe in newer Rusts"
)]
#[inline(always)]
pub fn marks(byte: u8, block: &Block) -> usize {
    let wanted = byte as i8;
    let quarter = |at: usize| {
        let start = block.as_ptr().wrapping_add(at).cast();
        // SAFETY: SSE2 is part of every x86-64; 16 bytes from `start` on are in the block.
        unsafe { _mm_cmpeq_epi8(_mm_loadu_si128(start), _mm_set1_epi8(wanted)) }
    };
    let (first, second, third, fourth) = (quarter(0), quarter(16), quarter(32), quarter(48));
    // SAFETY: SSE2 is part of every x86-64.
    let bits = |part| unsafe { _mm_movemask_epi8(part) } as usize;
    bits(first) | (bits(second) << 16) | (bits(third) << 32) | (bits(fourth) << 48)
}

/// Where a byte is in a block: bit i is set if it is the one at i.
#[cfg(not(target_arch = "x86_64"))]
pub fn marks(byte: u8, block: &Block) -> usize {
    block.iter().rev().fold(0, |marks, other| (marks << 1) | usize::from(*other == byte))
}

/// The bytes up to the first NUL, as a C string; `None` if there is no NUL.
pub fn c_string(bytes: &[u8]) -> Option<&CStr> {
    let end = position(0, bytes)?;
    // SAFETY: the last of these bytes is a NUL, and the only one.
    Some(unsafe { CStr::from_bytes_with_nul_unchecked(bytes.get(..=end)?) })
}

/// Whether one of the bytes is `byte`.
pub fn has(byte: u8, bytes: &[u8]) -> bool {
    position(byte, bytes).is_some()
}

/// The index of the first `byte`, by `memchr(3)`.
pub fn position(byte: u8, bytes: &[u8]) -> Option<usize> {
    // SAFETY: a slice is readable for its length.
    let found = unsafe { libc::memchr(bytes.as_ptr().cast(), byte.into(), bytes.len()) };
    found.addr().checked_sub(bytes.as_ptr().addr())
}

/// Linux's `UIO_MAXIOV`: no system call takes more slices.
pub const IOV_MAX: usize = 1024;

/// A `struct iovec` whose memory is known to be readable.
#[repr(transparent)]
pub struct IoSlice<'a>(iovec, PhantomData<Bytes<'a>>);

impl<'a> IoSlice<'a> {
    /// # Safety
    /// `first` starts `count` iovecs, each naming memory that is readable for its length, all for the lifetime `'a`.
    pub unsafe fn from_raw(first: *const iovec, count: usize) -> &'a [Self] {
        // SAFETY: the layout is that of iovec; `count` of them name readable memory, as this function requires.
        unsafe { slice::from_raw_parts(first.cast(), count) }
    }

    /// The bytes.
    pub fn bytes(&self) -> Bytes<'a> {
        if self.0.iov_len == 0 {
            return &[];
        }
        // SAFETY: `from_raw` required readable memory; it is not empty, so its pointer is not null.
        unsafe { slice::from_raw_parts(self.0.iov_base.cast_const().cast(), self.0.iov_len) }
    }

    /// The array as the kernel takes it.
    pub fn as_iovec(slices: &[Self]) -> *const iovec {
        slices.as_ptr().cast()
    }
}

impl<'a> From<Bytes<'a>> for IoSlice<'a> {
    fn from(bytes: Bytes<'a>) -> Self {
        Self(iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() }, PhantomData)
    }
}
