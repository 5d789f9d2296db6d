//! Descriptors passed between processes.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::slice;

use errno::Errno;
use libc::{SO_TYPE, SOL_SOCKET};

use crate::channel::{Channel, Direction, Limited};
use crate::memory::{Buffer, Bytes, IoSlice};
use crate::stream::{self, Read};
use crate::sys;
use crate::time::Limit;

/// The most descriptors that the kernel takes with one message.
pub const MOST: usize = 253;

/// `sockutil_send_fd`.
pub fn send_fd(unix_fd: c_int, fd: c_int, limit: Limit) -> Result<(), Errno> {
    check_unix(unix_fd)?;
    send(&mut Limited::new(unix_fd, limit), &[MaybeUninit::new(0)], &[fd]).map(|_| ())
}

/// `sockutil_recv_fd`.
pub fn recv_fd(unix_fd: c_int, place: &mut MaybeUninit<c_int>, limit: Limit) -> Result<Read, Errno> {
    let mut byte = [MaybeUninit::uninit()];
    let passed = receive(unix_fd, &mut Buffer::fresh(&mut byte), slice::from_mut(place), limit)?;
    match (passed.count, passed.cut) {
        (1, false) => Ok(Read::Done),
        (0, false) if passed.bytes == 0 => Ok(Read::End),
        // One came, but this process has no descriptor left for it.
        (0, true) => Err(Errno(libc::EMFILE)),
        // Of several it is unknown which was meant.
        _ => Err(Errno(libc::EPROTO)),
    }
}

/// `sockutil_send_fds`: keeps the count of bytes in `done`.
pub fn send_fds(unix_fd: c_int, fds: &[c_int], bytes: Bytes<'_>, done: &mut usize, limit: Limit) -> Result<(), Errno> {
    check_unix_stream(unix_fd)?;
    let mut channel = Limited::new(unix_fd, limit);
    // They go with the first byte, so they have gone if that has.
    if *done == 0 && !fds.is_empty() {
        *done = send(&mut channel, bytes, fds)?;
        if *done == bytes.len() {
            return Ok(());
        }
        channel.go_on()?;
    }
    stream::writev_full(&mut channel, &[IoSlice::from(bytes)], done)
}

/// `sockutil_recv_fds`: the number of descriptors.
pub fn recv_fds(
    unix_fd: c_int,
    buffer: &mut Buffer<'_>,
    places: &mut [MaybeUninit<c_int>],
    limit: Limit,
) -> Result<usize, Errno> {
    check_unix_stream(unix_fd)?;
    let passed = receive(unix_fd, buffer, places, limit)?;
    if passed.count > places.len() {
        return Err(Errno(libc::EPROTO));
    }
    if passed.cut { Err(Errno(libc::EMFILE)) } else { Ok(passed.count) }
}

fn send(channel: &mut Limited, bytes: Bytes<'_>, fds: &[c_int]) -> Result<usize, Errno> {
    let call = |socket, flags, most: usize| {
        sys::send_rights(socket, bytes.get(..most).unwrap_or(bytes), fds, flags | libc::MSG_NOSIGNAL)
    };
    channel.socket_call(Direction::Out, call)
}

fn receive(
    unix_fd: c_int,
    buffer: &mut Buffer<'_>,
    places: &mut [MaybeUninit<c_int>],
    limit: Limit,
) -> Result<sys::Passed, Errno> {
    let call = |socket, flags, _| sys::recv_rights(socket, buffer, places, flags | sys::RECV_CLOEXEC);
    Limited::new(unix_fd, limit).socket_call(Direction::In, call)
}

/// `EINVAL` for other than Unix sockets. The kernel takes SCM_RIGHTS on every socket, and discards them on others: only
/// the bytes would go.
pub fn check_unix(fd: c_int) -> Result<(), Errno> {
    is(sys::family(fd)?, libc::AF_UNIX)
}

/// `EINVAL` for others. Of a message, the rest that is not asked for would be lost.
fn check_unix_stream(fd: c_int) -> Result<(), Errno> {
    check_unix(fd)?;
    is(sys::getsockopt_int(fd, SOL_SOCKET, SO_TYPE)?, libc::SOCK_STREAM)
}

fn is(found: c_int, expected: c_int) -> Result<(), Errno> {
    if found == expected { Ok(()) } else { Err(Errno(libc::EINVAL)) }
}
