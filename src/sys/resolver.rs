//! Names, and the numbers and texts that libc has for them.

use core::ffi::{CStr, c_int};
use core::mem;
use core::ptr;
use core::slice;

use errno::{Errno, errno, set_errno};

use super::Address;
use crate::memory;

/// `if_nametoindex(3)`; `ENODEV` for a name that no interface has.
pub fn if_nametoindex(name: &CStr) -> Result<u32, Errno> {
    // SAFETY: a CStr has its NUL.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(Errno(libc::ENODEV)),
        index => Ok(index),
    }
}

/// `if_indextoname(3)`: the name, with its NUL; `None` where no interface has the index.
pub fn if_indextoname(index: u32) -> Option<[u8; libc::IF_NAMESIZE]> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: `name` has the size that the function wants.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if found.is_null() { None } else { Some(name) }
}

/// `getaddrinfo(3)`'s answer, freed on drop.
pub struct AddrInfo(*mut libc::addrinfo);

/// `gai_strerror(3)`.
pub fn gai_strerror(gai: c_int) -> &'static CStr {
    // SAFETY: it takes every number.
    let text = unsafe { libc::gai_strerror(gai) };
    // SAFETY: not null; texts of libc's own end with a NUL and stay.
    if text.is_null() { c"" } else { unsafe { CStr::from_ptr(text) } }
}

/// `strerror_r(3)`, as POSIX has it: a text and its NUL, cut to the memory, which has room for at least the NUL.
pub fn strerror(e: Errno, room: &mut [u8]) -> &CStr {
    // SAFETY: the memory is writable for its length. The result says only whether the number is known and the text whole.
    unsafe { libc::strerror_r(e.0, room.as_mut_ptr().cast(), room.len()) };
    memory::c_string(room).unwrap_or_default()
}

/// `getaddrinfo(3)`; the error is its `EAI_` code and its errno, 0 if it set none.
pub fn getaddrinfo(
    host: Option<&CStr>,
    service: &CStr,
    kind: c_int,
    family: c_int,
    flags: c_int,
) -> Result<AddrInfo, (c_int, Errno)> {
    // SAFETY: all-zero is a valid addrinfo.
    let mut hints: libc::addrinfo = unsafe { mem::zeroed() };
    hints.ai_socktype = kind;
    hints.ai_family = family;
    hints.ai_flags = flags;
    let mut list = ptr::null_mut();
    let host = host.map_or(ptr::null(), CStr::as_ptr);
    // The errno of an earlier call must not look like the resolver's.
    set_errno(Errno(0));
    // SAFETY: the strings have their NULs, the hints are complete, and `list` is writable.
    match unsafe { libc::getaddrinfo(host, service.as_ptr(), &raw const hints, &raw mut list) } {
        0 => Ok(AddrInfo(list)),
        code => Err((code, errno())),
    }
}

impl AddrInfo {
    /// The list, in the resolver's order.
    pub fn entries(&self) -> Entries<'_> {
        // SAFETY: the list is getaddrinfo's, and lives as long as this.
        Entries(unsafe { self.0.as_ref() })
    }
}

/// The rest of a list.
pub struct Entries<'a>(Option<&'a libc::addrinfo>);

/// An entry of a list.
#[derive(Clone, Copy)]
pub struct Entry<'a>(&'a libc::addrinfo);

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let entry = self.0?;
        // SAFETY: a list ends with a null pointer, and its entries live as long as it.
        self.0 = unsafe { entry.ai_next.as_ref() };
        Some(Entry(entry))
    }
}

impl Entry<'_> {
    /// Its address; `None` where it has none.
    pub fn address(self) -> Option<Address> {
        // SAFETY: the entry's address is readable for its length.
        unsafe { Address::copy(self.0.ai_addr, self.0.ai_addrlen) }
    }

    /// Whether two entries have the same address, byte for byte: resolvers set all bytes of an address.
    pub fn same_address(self, other: Entry<'_>) -> bool {
        self.bytes() == other.bytes()
    }

    fn bytes(&self) -> &[u8] {
        if self.0.ai_addr.is_null() {
            return &[];
        }
        // SAFETY: the entry's address is readable for its length.
        unsafe { slice::from_raw_parts(self.0.ai_addr.cast(), self.0.ai_addrlen as usize) }
    }
}

impl Drop for AddrInfo {
    fn drop(&mut self) {
        // SAFETY: getaddrinfo made the list, and nothing refers to it any more.
        unsafe { libc::freeaddrinfo(self.0) };
    }
}
