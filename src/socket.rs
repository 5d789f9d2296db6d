//! A new socket, closed on every failure; and how it is bound.

use core::ffi::{CStr, c_int};
use core::mem;

use errno::Errno;

use crate::resolve::{Failure, Query};
use crate::sys::{self, Address};

/// Our own descriptor, until the caller gets it.
pub struct Socket(c_int);

impl Socket {
    /// A descriptor for this call.
    pub fn new(family: c_int, kind: c_int) -> Result<Self, Errno> {
        Self::open(family, kind, false)
    }

    /// A descriptor for `sock_diag`.
    pub fn open_netlink() -> Result<Self, Errno> {
        sys::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_SOCK_DIAG).map(Self)
    }

    /// A descriptor of what is at a path, for nothing but its name.
    pub fn of_file(path: &CStr) -> Result<Self, Errno> {
        uninterrupted(|| sys::open_path(path)).map(Self)
    }

    /// Close-on-exec from the start, since another thread may fork and exec at any time, unless it is to be inherited.
    pub fn open(family: c_int, kind: c_int, inherit: bool) -> Result<Self, Errno> {
        let flags = if inherit { 0 } else { libc::SOCK_CLOEXEC };
        sys::socket(family, kind | flags, 0).map(Self)
    }

    /// Its number; we still own it.
    pub fn fd(&self) -> c_int {
        self.0
    }

    /// From now on the caller owns it.
    pub fn hand_over(self) -> c_int {
        let fd = self.0;
        mem::forget(self);
        fd
    }
}

/// Repeats a call that does not wait, if a signal interrupted it.
pub fn uninterrupted<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno(libc::EINTR)) => {}
            result => return result,
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // The caller gets the failure before this one; a socket that the caller never got has nothing to lose.
        let _ = sys::close(self.0);
    }
}

/// The flags of the C functions.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent, as the flags are")]
pub struct Flags {
    /// `SOCKUTIL_REUSEADDR`.
    pub reuseaddr: bool,
    /// `SOCKUTIL_REUSEPORT`.
    pub reuseport: bool,
    /// `SOCKUTIL_V6ONLY`.
    pub v6only: bool,
    /// `SOCKUTIL_NONBLOCK`.
    pub nonblock: bool,
    /// `SOCKUTIL_INHERIT`.
    pub inherit: bool,
    /// `SOCKUTIL_REPLACE`.
    pub replace: bool,
}

impl Flags {
    /// A socket with these flags.
    pub fn socket(self, family: c_int, kind: c_int) -> Result<Socket, Errno> {
        let nonblock = if self.nonblock { libc::SOCK_NONBLOCK } else { 0 };
        Socket::open(family, kind | nonblock, self.inherit)
    }
}

/// Binds to the first address that this host has. An address in use is an error, not skipped: a server that listens on
/// half of its name would be a surprise.
pub fn bind_first(query: &Query<'_>, flags: Flags, backlog: Option<c_int>) -> Result<c_int, Failure> {
    let mut last = Errno(libc::EAFNOSUPPORT);
    for address in query.resolve()?.addresses() {
        if flags.v6only && address.family() != libc::AF_INET6 {
            continue;
        }
        match bind_one(&address, query.kind, flags, backlog) {
            Err(e @ Errno(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL | libc::EPROTONOSUPPORT)) => last = e,
            result => return Ok(result?.hand_over()),
        }
    }
    Err(last.into())
}

fn bind_one(address: &Address, kind: c_int, flags: Flags, backlog: Option<c_int>) -> Result<Socket, Errno> {
    let socket = flags.socket(address.family(), kind)?;
    let fd = socket.fd();
    if kind == libc::SOCK_STREAM || flags.reuseaddr {
        sys::setsockopt_int(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    }
    if flags.reuseport {
        sys::setsockopt_int(fd, libc::SOL_SOCKET, libc::SO_REUSEPORT, 1)?;
    }
    if address.family() == libc::AF_INET6 {
        // The default is the administrator's (bindv6only), so it is always set.
        sys::setsockopt_int(fd, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, c_int::from(flags.v6only))?;
    }
    sys::bind(fd, address)?;
    if let Some(backlog) = backlog {
        sys::listen(fd, backlog)?;
    }
    Ok(socket)
}
