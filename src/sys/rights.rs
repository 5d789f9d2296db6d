//! Descriptors in control messages of Unix sockets.

use core::ffi::c_int;
use core::mem::{self, MaybeUninit};

use errno::Errno;
use libc::{iovec, msghdr};

use super::control::{Control, close_descriptors, discard, each_passed};
use super::{appended, counted, os};
use crate::memory::{Buffer, Bytes};

/// What has come with one message.
pub struct Passed {
    /// The bytes of payload; 0 is the end of the stream.
    pub bytes: usize,
    /// The number of descriptors that this process has received.
    pub count: usize,
    /// Whether it could not receive others.
    pub cut: bool,
}

/// `sendmsg(2)` of bytes, and of at most 253 descriptors with the first of them.
pub fn send_rights(fd: c_int, bytes: Bytes<'_>, passed: &[c_int], flags: c_int) -> Result<usize, Errno> {
    let part = iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: os::allowed(bytes.len()) };
    let mut control = Control::zeroed();
    // SAFETY: all-zero is a valid msghdr.
    let mut message: msghdr = unsafe { mem::zeroed() };
    message.msg_iov = (&raw const part).cast_mut();
    message.msg_iovlen = 1;
    control.attach(&mut message, libc::SOL_SOCKET, libc::SCM_RIGHTS, passed);
    // SAFETY: the message and all it points to live until the call returns.
    counted(unsafe { libc::sendmsg(fd, &raw const message, flags) })
}

/// `recvmsg(2)`: appends bytes, and stores the descriptors that come with them if this process could receive all and
/// there is a place for each. Otherwise all are closed, as always those in other kinds of control messages.
pub fn recv_rights(
    fd: c_int,
    buffer: &mut Buffer<'_>,
    places: &mut [MaybeUninit<c_int>],
    flags: c_int,
) -> Result<Passed, Errno> {
    let (start, room) = buffer.spare(os::allowed(usize::MAX));
    let mut part = iovec { iov_base: start, iov_len: room };
    let mut control = Control::room();
    // SAFETY: all-zero is a valid msghdr.
    let mut message: msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes().as_mut_ptr().cast();
    message.msg_controllen = control.bytes().len() as _;
    // SAFETY: the message and all it points to live until the call returns, and are writable.
    let bytes = appended(buffer, unsafe { libc::recvmsg(fd, &raw mut message, flags) })?;
    let mut passed = Passed { bytes, count: 0, cut: message.msg_flags & libc::MSG_CTRUNC != 0 };
    // SAFETY: the kernel has filled the message.
    unsafe { each_passed(&message, &mut |_| passed.count += 1) };
    let all = !passed.cut && passed.count <= places.len();
    let mut places = places.iter_mut();
    let mut take = |received| match places.next() {
        Some(place) if all => {
            os::arrived(received);
            place.write(received);
        }
        _ => discard(received),
    };
    // SAFETY: the kernel has filled the message.
    unsafe { each_passed(&message, &mut take) };
    // SAFETY: the kernel has filled the message. A descriptor in another kind of control message is never wanted.
    unsafe { close_descriptors(&message, false) };
    Ok(passed)
}
