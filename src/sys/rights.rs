//! Descriptors in control messages of Unix sockets.

use core::ffi::c_int;
use core::mem::{self, MaybeUninit};

use errno::Errno;
use libc::{cmsghdr, iovec, msghdr};

use super::{close, counted};

/// The type of the control message by which `SO_PASSPIDFD` brings a descriptor of the sending process.
pub(super) const SCM_PIDFD: c_int = 4;

/// Room for all control messages that Linux can add to one message, if the receiver has asked for all. With less room,
/// descriptors could be cut off, and their number would be unknown.
const CONTROL_BYTES: usize = {
    const INT: usize = mem::size_of::<c_int>();
    let rights = space(253 * INT);
    // Of the times SCM_TIMESTAMPING is the largest: three of two 64-bit words.
    let times = space(48);
    let credentials = space(3 * INT);
    // No system in use makes a longer one.
    let security_label = space(1024);
    let (pidfd, inq) = (space(INT), space(INT));
    rights + times + credentials + security_label + pidfd + inq
};

/// The size of a control message with a body of so many bytes.
pub(super) const fn space(body: usize) -> usize {
    // SAFETY: it computes, and reads nothing.
    (unsafe { libc::CMSG_SPACE(body as u32) }) as usize
}

/// Control messages, aligned as their headers are.
#[repr(C)]
pub(super) struct Control {
    align: [cmsghdr; 0],
    bytes: [MaybeUninit<u8>; CONTROL_BYTES],
}

impl Control {
    /// For the kernel to fill.
    pub(super) fn room() -> Self {
        Self { align: [], bytes: [MaybeUninit::uninit(); CONTROL_BYTES] }
    }

    /// To be filled and sent.
    pub(super) fn zeroed() -> Self {
        Self { align: [], bytes: [MaybeUninit::zeroed(); CONTROL_BYTES] }
    }

    pub(super) fn bytes(&mut self) -> &mut [MaybeUninit<u8>] {
        &mut self.bytes
    }
}

/// The contents of one message.
pub struct Passed {
    /// The bytes of payload; 0 is the end of the stream.
    pub bytes: usize,
    /// The number of descriptors that this process has received.
    pub count: usize,
    /// The first of them. The others are closed.
    pub first: Option<c_int>,
    /// Whether this process could not receive some of them.
    pub cut: bool,
}

/// `sendmsg(2)` of one byte and one descriptor.
pub fn send_descriptor(fd: c_int, passed: c_int, flags: c_int) -> Result<usize, Errno> {
    const ONE: usize = mem::size_of::<c_int>();
    let byte = [0_u8];
    let part = iovec { iov_base: (&raw const byte).cast_mut().cast(), iov_len: byte.len() };
    let mut control = Control::zeroed();
    // SAFETY: all-zero is a valid msghdr.
    let mut message: msghdr = unsafe { mem::zeroed() };
    message.msg_iov = (&raw const part).cast_mut();
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control.bytes).cast();
    message.msg_controllen = space(ONE) as _;
    // SAFETY: the control memory is aligned, and its size is in the message.
    let header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    // SAFETY: the control memory has room for one header, which is all zeros now.
    let header = unsafe { header.as_mut() }.ok_or(Errno(libc::EINVAL))?;
    header.cmsg_level = libc::SOL_SOCKET;
    header.cmsg_type = libc::SCM_RIGHTS;
    // SAFETY: it computes, and reads nothing.
    header.cmsg_len = unsafe { libc::CMSG_LEN(ONE as u32) } as _;
    // SAFETY: the data follows the header, within the control memory.
    let data: *mut c_int = unsafe { libc::CMSG_DATA(header) }.cast();
    // SAFETY: there is room for one descriptor; its alignment is not relied on.
    unsafe { data.write_unaligned(passed) };
    // SAFETY: the message and all it points to live until the call returns.
    counted(unsafe { libc::sendmsg(fd, &raw const message, flags) })
}

/// `recvmsg(2)` of one byte and the descriptors that come with it. All but the first are closed at once, and so are
/// descriptors in other kinds of control messages.
pub fn recv_descriptor(fd: c_int, flags: c_int) -> Result<Passed, Errno> {
    let mut byte = [0_u8];
    let mut part = iovec { iov_base: (&raw mut byte).cast(), iov_len: byte.len() };
    let mut control = Control::room();
    // SAFETY: all-zero is a valid msghdr.
    let mut message: msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = (&raw mut control.bytes).cast();
    message.msg_controllen = CONTROL_BYTES as _;
    // SAFETY: the message and all it points to live until the call returns, and are writable.
    let bytes = counted(unsafe { libc::recvmsg(fd, &raw mut message, flags) })?;
    let mut passed = Passed { bytes, count: 0, first: None, cut: message.msg_flags & libc::MSG_CTRUNC != 0 };
    let visit = |header: *const cmsghdr, level, kind| match (level, kind) {
        // SAFETY: the kernel has written the header; its body are descriptors.
        (libc::SOL_SOCKET, libc::SCM_RIGHTS) => unsafe { each_descriptor(header, |fd| passed.take(fd)) },
        // SAFETY: the kernel has written the header; its body is a descriptor.
        (libc::SOL_SOCKET, SCM_PIDFD) => unsafe { each_descriptor(header, discard) },
        _ => {}
    };
    // SAFETY: the kernel has filled the message, and the control memory is still there.
    unsafe { each_message(&message, visit) };
    Ok(passed)
}

impl Passed {
    fn take(&mut self, received: c_int) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some(received);
        } else {
            discard(received);
        }
    }
}

/// Closes an unwanted descriptor. If this process has no descriptor left for a pidfd, the kernel puts an error in its
/// place.
pub(super) fn discard(received: c_int) {
    if received >= 0 {
        // A failure of close does not matter here.
        let _ = close(received);
    }
}

/// Visits the control messages: the header, its level and its type.
///
/// # Safety
/// `recvmsg(2)` has filled `message`, and the control memory is still there.
pub(super) unsafe fn each_message(message: &msghdr, mut visit: impl FnMut(*const cmsghdr, c_int, c_int)) {
    // SAFETY: the kernel has filled the control memory, and the message says how far.
    let mut header: *const cmsghdr = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR give null or a header that the kernel has written.
        let (level, kind) = unsafe { ((*header).cmsg_level, (*header).cmsg_type) };
        visit(header, level, kind);
        // SAFETY: `header` is the one before, within the message.
        header = unsafe { libc::CMSG_NXTHDR(message, header) };
    }
}

/// Visits the descriptors that are the body of a control message.
///
/// # Safety
/// The kernel has written `header`, and descriptors follow it.
pub(super) unsafe fn each_descriptor(header: *const cmsghdr, mut visit: impl FnMut(c_int)) {
    // SAFETY: it computes, and reads nothing.
    let empty = unsafe { libc::CMSG_LEN(0) } as usize;
    // SAFETY: the kernel has written the header, as this function requires.
    let length = unsafe { (*header).cmsg_len } as usize;
    debug_assert!(length >= empty, "the length of a control message counts its header");
    // SAFETY: it computes where the body is, and reads nothing.
    let body: *const c_int = unsafe { libc::CMSG_DATA(header) }.cast_const().cast();
    for index in 0..(length - empty) / mem::size_of::<c_int>() {
        // SAFETY: the header's length covers it; its alignment is not relied on.
        visit(unsafe { body.wrapping_add(index).read_unaligned() });
    }
}
