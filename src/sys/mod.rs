//! One thin function per system call: no policy, no retry. This is the only place that makes system calls, and
//! [`checked`] the only place where -1 becomes an error.

#![expect(unsafe_code, reason = "system calls take raw pointers")]

mod memory;

use core::ffi::c_int;
use core::mem::{self, MaybeUninit};
use core::ptr;

use errno::{Errno, errno};
use libc::{c_long, c_short, iovec, pid_t, pollfd, socklen_t, timespec, timeval};

pub use memory::{Buffer, Bytes, IoSlice};

/// Everything the kernel answers below zero is a failure whose cause is in `errno`.
fn checked<T: PartialOrd + From<bool>>(answer: T) -> Result<T, Errno> {
    if answer < T::from(false) { Err(errno()) } else { Ok(answer) }
}

/// The count of a transfer, which the kernel keeps at or below what it was asked for.
fn counted(answer: isize) -> Result<usize, Errno> {
    checked(answer).map(isize::unsigned_abs)
}

/// A value's size as `getsockopt(2)` and its kin want it; each is a few bytes.
fn size_of<T>() -> socklen_t {
    socklen_t::try_from(mem::size_of::<T>()).unwrap_or(socklen_t::MAX)
}

/// `recv(2)`: appends at most `most` bytes.
pub fn recv(fd: c_int, buffer: &mut Buffer<'_>, most: usize, flags: c_int) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = counted(unsafe { libc::recv(fd, start, room, flags) })?;
    buffer.append(got);
    Ok(got)
}

/// `recv(2)` with `MSG_PEEK`: puts at most `most` bytes behind the buffer's contents, without adding them to it.
pub fn peek(fd: c_int, buffer: &mut Buffer<'_>, most: usize, flags: c_int) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = counted(unsafe { libc::recv(fd, start, room, flags | libc::MSG_PEEK) })?;
    buffer.note_ahead(got);
    Ok(got)
}

/// `read(2)`: appends at most `most` bytes.
pub fn read(fd: c_int, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = counted(unsafe { libc::read(fd, start, room) })?;
    buffer.append(got);
    Ok(got)
}

/// `preadv2(2)` at the current position with `RWF_NOWAIT`: appends at most `most` bytes.
pub fn read_nowait(fd: c_int, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    let target = iovec { iov_base: start, iov_len: room };
    // SAFETY: one iovec is passed, and `spare` gives `room` writable bytes for as long as the call lasts.
    let got = unsafe { vector_nowait(libc::SYS_preadv2, fd, &raw const target, 1) }?;
    buffer.append(got);
    Ok(got)
}

/// `send(2)`.
pub fn send(fd: c_int, bytes: Bytes<'_>, flags: c_int) -> Result<usize, Errno> {
    // SAFETY: a slice is readable for its length.
    counted(unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) })
}

/// `write(2)`.
pub fn write(fd: c_int, bytes: Bytes<'_>) -> Result<usize, Errno> {
    // SAFETY: a slice is readable for its length.
    counted(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })
}

/// `sendmsg(2)` without address or control data.
pub fn sendmsg(fd: c_int, slices: &[IoSlice<'_>], flags: c_int) -> Result<usize, Errno> {
    // SAFETY: all-zero is a valid msghdr: null pointers with zero lengths.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = IoSlice::as_iovec(slices).cast_mut();
    #[allow(clippy::useless_conversion, reason = "the count is a size_t in glibc, an int in musl")]
    let count = slices.len().try_into().unwrap_or_default();
    message.msg_iovlen = count;
    // SAFETY: each iovec names memory that is readable for its length, and the kernel writes to none of it.
    counted(unsafe { libc::sendmsg(fd, &raw const message, flags) })
}

/// `writev(2)`.
pub fn writev(fd: c_int, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    let count = c_int::try_from(slices.len()).unwrap_or(c_int::MAX);
    // SAFETY: each iovec names memory that is readable for its length.
    counted(unsafe { libc::writev(fd, IoSlice::as_iovec(slices), count) })
}

/// `pwritev2(2)` at the current position with `RWF_NOWAIT`.
pub fn write_nowait(fd: c_int, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    // SAFETY: each iovec names memory that is readable for its length.
    unsafe { vector_nowait(libc::SYS_pwritev2, fd, IoSlice::as_iovec(slices), slices.len()) }
}

/// `preadv2(2)` or `pwritev2(2)` by number, because musl has no functions for them before 1.2.5.
///
/// # Safety
/// `first` starts `count` iovecs whose memory suits the call.
unsafe fn vector_nowait(call: c_long, fd: c_int, first: *const iovec, count: usize) -> Result<usize, Errno> {
    // The offset -1, "the current position", is passed as its low and its high word.
    const HERE: c_long = -1;
    // SAFETY: the caller vouches for the iovecs; the other arguments are integers.
    let answer = unsafe { libc::syscall(call, fd, first, count, HERE, HERE, libc::RWF_NOWAIT) };
    counted(isize::try_from(answer).unwrap_or(-1))
}

/// `poll(2)` of one descriptor: its `revents`, 0 when the time ran out.
pub fn poll(fd: c_int, events: c_short, timeout_ms: c_int) -> Result<c_short, Errno> {
    let mut entry = pollfd { fd, events, revents: 0 };
    // SAFETY: one entry is passed, and it lives until the call returns.
    checked(unsafe { libc::poll(&raw mut entry, 1, timeout_ms) })?;
    Ok(entry.revents)
}

/// `clock_gettime(2)`.
pub fn clock_gettime(clock: libc::clockid_t) -> Result<timespec, Errno> {
    let mut time = MaybeUninit::<timespec>::uninit();
    // SAFETY: `time` is writable.
    checked(unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so it was written.
    Ok(unsafe { time.assume_init() })
}

/// `lseek(2)` by nothing: whether there is an offset.
pub fn has_offset(fd: c_int) -> bool {
    // glibc's off_t has 32 bits where long has, too few for an offset behind 2 GiB.
    #[cfg(not(all(target_env = "gnu", target_pointer_width = "32")))]
    use libc::lseek;
    #[cfg(all(target_env = "gnu", target_pointer_width = "32"))]
    use libc::lseek64 as lseek;
    // SAFETY: the arguments are integers.
    checked(unsafe { lseek(fd, 0, libc::SEEK_CUR) }).is_ok()
}

/// `getsockopt(2)` for `SO_RCVTIMEO` or `SO_SNDTIMEO`.
pub fn socket_timeout(fd: c_int, name: c_int) -> Result<timeval, Errno> {
    let mut value = timeval { tv_sec: 0, tv_usec: 0 };
    let mut size = size_of::<timeval>();
    // SAFETY: `value` is writable for `size` bytes, and any bytes make a timeval.
    checked(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, (&raw mut value).cast(), &raw mut size) })?;
    Ok(value)
}

/// `setsockopt(2)` with an `int`.
pub fn setsockopt_int(fd: c_int, level: c_int, name: c_int, value: c_int) -> Result<(), Errno> {
    // SAFETY: `value` is readable for the size that is passed.
    checked(unsafe { libc::setsockopt(fd, level, name, (&raw const value).cast(), size_of::<c_int>()) })?;
    Ok(())
}

/// `setsockopt(2)` with `SO_LINGER`.
pub fn set_linger(fd: c_int, on: bool, seconds: c_int) -> Result<(), Errno> {
    let value = libc::linger { l_onoff: c_int::from(on), l_linger: seconds };
    let size = size_of::<libc::linger>();
    // SAFETY: `value` is readable for the size that is passed.
    checked(unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, (&raw const value).cast(), size) })?;
    Ok(())
}

/// `shutdown(2)` of the sending side.
pub fn shutdown_write(fd: c_int) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::shutdown(fd, libc::SHUT_WR) })?;
    Ok(())
}

/// `close(2)`.
pub fn close(fd: c_int) -> Result<(), Errno> {
    // SAFETY: the argument is an integer; the descriptor is the caller's to close.
    checked(unsafe { libc::close(fd) })?;
    Ok(())
}

/// `sigaction(2)` that sets a signal to `SIG_IGN`.
pub fn ignore_signal(signal: c_int) -> Result<(), Errno> {
    // SAFETY: all-zero is a valid sigaction: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = libc::SIG_IGN;
    // SAFETY: `action` is complete, and no old action is asked for.
    checked(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) })?;
    Ok(())
}

/// `waitpid(2)` for any child, without waiting and without its status: its process ID, 0 while all that are left live.
pub fn reap_one() -> Result<pid_t, Errno> {
    // SAFETY: a null status pointer asks for no status.
    checked(unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG) })
}

/// `memchr(3)`: the index of the first `byte`.
pub fn memchr(byte: u8, bytes: &[u8]) -> Option<usize> {
    // SAFETY: a slice is readable for its length.
    let found = unsafe { libc::memchr(bytes.as_ptr().cast(), c_int::from(byte), bytes.len()) };
    found.addr().checked_sub(bytes.as_ptr().addr())
}
