//! A new socket, closed on every failure; and how it is bound.

use core::ffi::c_int;
use core::mem;

use errno::Errno;

use crate::option::{self, Switch};
use crate::resolve::{Failure, Query};
use crate::sys::{self, Address};

/// Our own descriptor, until the caller gets it.
pub struct Socket(c_int);

impl Socket {
    /// A descriptor for this call.
    pub fn new(family: c_int, kind: c_int) -> Result<Self, Errno> {
        Self::open(family, kind, false)
    }

    /// A descriptor for questions about connections.
    pub fn open_diag() -> Result<Self, Errno> {
        sys::open_diag().map(Self)
    }

    /// Close-on-exec from the start, since another thread may fork and exec at any time, unless it is to be inherited.
    pub fn open(family: c_int, kind: c_int, inherit: bool) -> Result<Self, Errno> {
        let flags = if inherit { 0 } else { sys::SOCK_CLOEXEC };
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
        let nonblock = if self.nonblock { sys::SOCK_NONBLOCK } else { 0 };
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
        match bind_one(&address, query, flags, backlog) {
            Err(e @ Errno(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL | libc::EPROTONOSUPPORT)) => last = e,
            result => return Ok(result?.hand_over()),
        }
    }
    Err(last.into())
}

fn bind_one(address: &Address, query: &Query<'_>, flags: Flags, backlog: Option<c_int>) -> Result<Socket, Errno> {
    let socket = flags.socket(address.family(), query.kind)?;
    let fd = socket.fd();
    if query.kind == libc::SOCK_STREAM || flags.reuseaddr {
        sys::setsockopt_int(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1)?;
    }
    if flags.reuseport {
        option::set(fd, Switch::ReusePort, true)?;
    }
    if address.family() == libc::AF_INET6 {
        // The default is the administrator's (bindv6only), so it is always set.
        match option::set(fd, Switch::V6Only, flags.v6only) {
            // Where no IPv6 socket can be one for both families: who has asked for every address gets that of IPv4, the
            // next one, and who has asked for this one gets it.
            Err(Errno(libc::EINVAL | libc::EOPNOTSUPP)) if !sys::V6_TAKES_V4 && !flags.v6only => {
                if query.host.is_none() && query.family == libc::AF_UNSPEC {
                    return Err(Errno(libc::EAFNOSUPPORT));
                }
            }
            result => result?,
        }
    }
    sys::bind(fd, address)?;
    if let Some(backlog) = backlog {
        sys::listen(fd, backlog)?;
    }
    Ok(socket)
}
