//! Control messages: what travels beside the bytes of sendmsg(2) and recvmsg(2).

use core::ffi::c_int;
use core::mem::{self, MaybeUninit};
use core::ptr;

use libc::{SOL_SOCKET, cmsghdr, msghdr};

use super::{close, os};

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
const fn space(body: usize) -> usize {
    // SAFETY: it computes, and reads nothing.
    (unsafe { os::CMSG_SPACE(body as u32) }) as usize
}

/// Memory for control messages, aligned as their headers are.
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

    /// Makes this memory, which is all zeros, the message's only control message, with this body.
    pub(super) fn attach<T: ?Sized>(&mut self, message: &mut msghdr, level: c_int, kind: c_int, body: &T) {
        let size = mem::size_of_val(body);
        debug_assert!(space(size) <= CONTROL_BYTES, "the control memory is larger than any of these messages");
        message.msg_control = (&raw mut self.bytes).cast();
        message.msg_controllen = space(size) as _;
        // SAFETY: the control memory is aligned, and its size is in the message.
        let first = unsafe { os::CMSG_FIRSTHDR(message) };
        // SAFETY: the control memory has room for one header, which is all zeros now.
        let Some(header) = (unsafe { first.as_mut() }) else { return };
        header.cmsg_level = level;
        header.cmsg_type = kind;
        // SAFETY: it computes, and reads nothing.
        header.cmsg_len = unsafe { os::CMSG_LEN(size as u32) } as _;
        // SAFETY: the body follows the header, within the control memory.
        let place = unsafe { os::CMSG_DATA(header) };
        // SAFETY: there is room for the body; as bytes it needs no alignment.
        unsafe { ptr::copy_nonoverlapping((&raw const *body).cast(), place, size) };
    }
}

/// Visits the control messages: the header, its level and its type.
///
/// # Safety
/// `recvmsg(2)` has filled `message`, and the control memory is still there.
pub(super) unsafe fn each_message(message: &msghdr, visit: &mut dyn FnMut(*const cmsghdr, c_int, c_int)) {
    // SAFETY: the kernel has filled the control memory, and the message says how far.
    let mut header: *const cmsghdr = unsafe { os::CMSG_FIRSTHDR(message) };
    while !header.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR give null or a header that the kernel has written.
        let (level, kind) = unsafe { ((*header).cmsg_level, (*header).cmsg_type) };
        visit(header, level, kind);
        // SAFETY: `header` is the one before, within the message.
        header = unsafe { os::CMSG_NXTHDR(message, header) };
    }
}

/// A control message's body.
///
/// # Safety
/// The kernel has written `header`, and a `T` follows it.
pub(super) unsafe fn body<T>(header: *const cmsghdr) -> T {
    // SAFETY: a `T` follows the header, as this function requires; its alignment is not relied on.
    unsafe { os::CMSG_DATA(header).cast::<T>().read_unaligned() }
}

/// Visits the descriptors that the peer has passed.
///
/// # Safety
/// As for [`each_message`].
pub(super) unsafe fn each_passed(message: &msghdr, visit: &mut dyn FnMut(c_int)) {
    let mut rights = |header: *const cmsghdr, level, kind| {
        if (level, kind) == (SOL_SOCKET, libc::SCM_RIGHTS) {
            // SAFETY: the kernel has written the header; its body are descriptors.
            unsafe { each_descriptor(header, visit) };
        }
    };
    // SAFETY: the kernel has filled the message.
    unsafe { each_message(message, &mut rights) };
}

/// Closes the descriptors that the kernel has added unasked and, if `passed`, those that the peer has passed.
///
/// # Safety
/// As for [`each_message`].
pub(super) unsafe fn close_descriptors(message: &msghdr, passed: bool) {
    let mut unwanted = |header: *const cmsghdr, level, kind| {
        if level == SOL_SOCKET && (kind == os::SCM_PIDFD || (passed && kind == libc::SCM_RIGHTS)) {
            // SAFETY: the kernel has written the header; its body are descriptors.
            unsafe { each_descriptor(header, &mut discard) };
        }
    };
    // SAFETY: the kernel has filled the message.
    unsafe { each_message(message, &mut unwanted) };
}

/// Closes an unwanted descriptor. If this process has no descriptor left for a pidfd, the kernel puts an error in its
/// place.
pub(super) fn discard(received: c_int) {
    if received >= 0 {
        // A failure of close does not matter here.
        let _ = close(received);
    }
}

/// Visits the descriptors that are the body of a control message.
///
/// # Safety
/// The kernel has written `header`, and descriptors follow it.
unsafe fn each_descriptor(header: *const cmsghdr, visit: &mut dyn FnMut(c_int)) {
    // SAFETY: it computes, and reads nothing.
    let empty = unsafe { os::CMSG_LEN(0) } as usize;
    // SAFETY: the kernel has written the header, as this function requires.
    let length = unsafe { (*header).cmsg_len } as usize;
    debug_assert!(length >= empty, "the length of a control message counts its header");
    // SAFETY: it computes where the body is, and reads nothing.
    let body: *const c_int = unsafe { os::CMSG_DATA(header) }.cast_const().cast();
    for index in 0..(length - empty) / mem::size_of::<c_int>() {
        // SAFETY: the header's length covers it; its alignment is not relied on.
        visit(unsafe { body.wrapping_add(index).read_unaligned() });
    }
}
