//! Socket addresses as the kernel takes and gives them.

use core::mem::{self, MaybeUninit};
use core::ptr;
use core::slice;

use libc::{c_int, in_addr, in6_addr, sockaddr, sockaddr_in, sockaddr_in6, sockaddr_storage, sockaddr_un, socklen_t};

use super::os;

/// Where in a `sockaddr_un` `sun_path` is.
const UNIX_PATH_OFFSET: usize = mem::offset_of!(sockaddr_un, sun_path);

/// What may be in it.
pub const UNIX_PATH_BYTES: usize = {
    // SAFETY: all-zero is a valid sockaddr_un.
    let address: sockaddr_un = unsafe { mem::zeroed() };
    address.sun_path.len()
};

/// The length of the shortest address: of a family and nothing else.
const LEAST_BYTES: usize = mem::offset_of!(sockaddr, sa_family) + mem::size_of::<libc::sa_family_t>();

/// An address and its length: the C struct `sockutil_addr`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Address {
    storage: sockaddr_storage,
    length: socklen_t,
}

/// The contents of an address.
#[derive(Clone, Copy)]
pub enum Parts<'a> {
    /// IPv4.
    V4([u8; 4], u16),
    /// IPv6, its port and its zone.
    V6([u8; 16], u16, u32),
    /// The used part of `sun_path`: a path, with or without its NUL; a NUL and an abstract name; or nothing.
    Unix(&'a [u8]),
}

impl Address {
    /// Zeros, of no family, with room for any.
    pub fn empty() -> Self {
        // SAFETY: all-zero is a valid sockaddr_storage.
        let storage = unsafe { mem::zeroed() };
        Self { storage, length: size::<sockaddr_storage>() }
    }

    /// An IPv4 address.
    #[inline(never)]
    pub fn v4(ip: [u8; 4], port: u16) -> Self {
        // SAFETY: all-zero is a valid sockaddr_in.
        let mut address: sockaddr_in = unsafe { mem::zeroed() };
        address.sin_family = family(libc::AF_INET);
        address.sin_port = port.to_be();
        address.sin_addr = in_addr { s_addr: u32::from_ne_bytes(ip) };
        Self::from(address)
    }

    /// An IPv6 address in a zone, 0 for none.
    #[inline(never)]
    pub fn v6(ip: [u8; 16], port: u16, zone: u32) -> Self {
        // SAFETY: all-zero is a valid sockaddr_in6.
        let mut address: sockaddr_in6 = unsafe { mem::zeroed() };
        address.sin6_family = family(libc::AF_INET6);
        address.sin6_port = port.to_be();
        address.sin6_addr = in6_addr { s6_addr: ip };
        address.sin6_scope_id = zone;
        Self::from(address)
    }

    /// A Unix address with this `sun_path`; `None` when that is too long.
    pub fn unix(path: &[u8]) -> Option<Self> {
        // SAFETY: all-zero is a valid sockaddr_un.
        let mut address: sockaddr_un = unsafe { mem::zeroed() };
        address.sun_family = family(libc::AF_UNIX);
        if path.len() > address.sun_path.len() {
            return None;
        }
        for (place, byte) in address.sun_path.iter_mut().zip(path) {
            *place = byte.cast_signed_char();
        }
        let mut result = Self::from(address);
        // A path ends with a NUL that counts; an abstract name is as long as its bytes.
        let nul = usize::from(path.first().is_some_and(|first| *first != 0) && path.len() < UNIX_PATH_BYTES);
        result.set_length(UNIX_PATH_OFFSET + path.len() + nul);
        Some(result)
    }

    /// An address of no family, which disconnects a datagram socket.
    #[inline(never)]
    pub fn unspecified() -> Self {
        let mut address = Self::empty();
        address.storage.ss_family = family(libc::AF_UNSPEC);
        address.set_length(mem::size_of::<sockaddr>());
        address
    }

    fn from<T>(address: T) -> Self {
        let mut result = Self::empty();
        // SAFETY: a sockaddr_storage is as large as any address and aligned for it.
        unsafe { (&raw mut result.storage).cast::<T>().write(address) };
        result.set_length(mem::size_of::<T>());
        result
    }

    fn set_length(&mut self, bytes: usize) {
        self.length = bytes as socklen_t;
        os::set_length(&mut self.storage, bytes);
    }

    /// A copy of what a caller has; `None` if it has no family, or is not as long as its family's addresses.
    ///
    /// # Safety
    /// `start` is readable for `length` bytes.
    pub unsafe fn copy_of(start: *const u8, length: usize) -> Option<Self> {
        if length < LEAST_BYTES || length > mem::size_of::<sockaddr_storage>() {
            return None;
        }
        // SAFETY: all-zero is a valid sockaddr_storage.
        let mut storage: sockaddr_storage = unsafe { mem::zeroed() };
        // SAFETY: `start` is readable for `length` bytes, and the storage is at least as long.
        unsafe { ptr::copy_nonoverlapping(start, (&raw mut storage).cast(), length) };
        let least = match c_int::from(storage.ss_family) {
            libc::AF_UNSPEC => return None,
            libc::AF_INET => mem::size_of::<sockaddr_in>(),
            libc::AF_INET6 => mem::size_of::<sockaddr_in6>(),
            _ => LEAST_BYTES,
        };
        let mut copy = Self { storage, length: 0 };
        copy.set_length(length);
        (length >= least).then_some(copy)
    }

    /// The same address with another port; `None` for a family without ports.
    pub fn with_port(mut self, port: u16) -> Option<Self> {
        match self.parts()? {
            // SAFETY: a sockaddr_in is there, and its alignment is no stricter than the storage's.
            Parts::V4(..) => unsafe { (*(&raw mut self.storage).cast::<sockaddr_in>()).sin_port = port.to_be() },
            // SAFETY: a sockaddr_in6 is there, and its alignment is no stricter than the storage's.
            Parts::V6(..) => unsafe { (*(&raw mut self.storage).cast::<sockaddr_in6>()).sin6_port = port.to_be() },
            Parts::Unix(_) => return None,
        }
        Some(self)
    }

    /// Whether the kernel has given no address.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// `AF_INET` and so on.
    pub fn family(&self) -> c_int {
        c_int::from(self.storage.ss_family)
    }

    /// The contents; `None` for another family, or if it is shorter than its family's addresses.
    pub fn parts(&self) -> Option<Parts<'_>> {
        let used = (self.length as usize).min(mem::size_of::<sockaddr_storage>());
        match self.family() {
            libc::AF_INET if used >= mem::size_of::<sockaddr_in>() => {
                // SAFETY: the length was checked, and any bytes make a sockaddr_in.
                let address = unsafe { (&raw const self.storage).cast::<sockaddr_in>().read() };
                Some(Parts::V4(address.sin_addr.s_addr.to_ne_bytes(), u16::from_be(address.sin_port)))
            }
            libc::AF_INET6 if used >= mem::size_of::<sockaddr_in6>() => {
                // SAFETY: the length was checked, and any bytes make a sockaddr_in6.
                let address = unsafe { (&raw const self.storage).cast::<sockaddr_in6>().read() };
                let port = u16::from_be(address.sin6_port);
                Some(Parts::V6(address.sin6_addr.s6_addr, port, address.sin6_scope_id))
            }
            libc::AF_UNIX => {
                let length = used.checked_sub(UNIX_PATH_OFFSET)?.min(UNIX_PATH_BYTES);
                let start = (&raw const self.storage).cast::<u8>().wrapping_add(UNIX_PATH_OFFSET);
                // SAFETY: the bytes lie within the storage, which is all initialized.
                let path = unsafe { slice::from_raw_parts(start, length) };
                // Elsewhere a socket without a name has an empty path, and zeros after it.
                let has_none = !os::HAS_ABSTRACT_NAMES && path.first() == Some(&0);
                Some(Parts::Unix(if has_none { &[] } else { path }))
            }
            _ => None,
        }
    }

    /// For the kernel to read, which refuses a length above the storage's before it reads anything.
    pub(super) fn as_sockaddr(&self) -> (*const sockaddr, socklen_t) {
        ((&raw const self.storage).cast(), self.length)
    }

    /// For an option that holds whole addresses.
    pub(super) fn storage(&self) -> &sockaddr_storage {
        &self.storage
    }

    /// For the kernel to write, with its room.
    pub(super) fn for_kernel(&mut self) -> (*mut sockaddr, *mut socklen_t) {
        self.length = size::<sockaddr_storage>();
        ((&raw mut self.storage).cast(), &raw mut self.length)
    }

    /// For `recvmsg(2)` to write, with its room.
    pub(super) fn receive_into(&mut self, message: &mut libc::msghdr) {
        message.msg_name = (&raw mut self.storage).cast();
        message.msg_namelen = size::<sockaddr_storage>();
    }

    /// How much `recvmsg(2)` wrote.
    pub(super) fn received(&mut self, message: &libc::msghdr) {
        self.length = message.msg_namelen;
    }

    /// An address from libc's resolver.
    ///
    /// # Safety
    /// Unless it is null, `address` is readable for `length` bytes.
    pub(super) unsafe fn copy(address: *const sockaddr, length: socklen_t) -> Option<Self> {
        let mut result = Self::empty();
        let bytes = length as usize;
        if address.is_null() || bytes > mem::size_of::<sockaddr_storage>() {
            return None;
        }
        let place: *mut MaybeUninit<u8> = (&raw mut result.storage).cast();
        // SAFETY: the source has `length` bytes, as this function requires, and the storage is large enough.
        unsafe { ptr::copy_nonoverlapping(address.cast(), place, bytes) };
        result.length = length;
        Some(result)
    }
}

/// C's plain char, signed or unsigned.
trait PlainChar {
    fn cast_signed_char(&self) -> libc::c_char;
}

impl PlainChar for u8 {
    fn cast_signed_char(&self) -> libc::c_char {
        libc::c_char::from_ne_bytes([*self])
    }
}

fn family(af: c_int) -> libc::sa_family_t {
    af as libc::sa_family_t
}

fn size<T>() -> socklen_t {
    mem::size_of::<T>() as socklen_t
}
