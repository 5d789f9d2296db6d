//! Connections that come, and that are made.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::c::*;
use libc::{EAGAIN, EINPROGRESS, ETIMEDOUT, c_int};

use super::ends::{End, check_end};
use super::kit::{self, made};
use super::matrix::{Verdict, timed};
use super::modes::Mode;
use super::reading::NOWAIT;
use super::sockets::{Column, closing};

/// A listener, or where to connect to, and who can end the wait.
pub struct Place {
    pub listener: OwnedFd,
    pub address: sockutil_addr,
    family: c_int,
    kind: c_int,
}

pub fn place(family: c_int, kind: c_int, backlog: c_int) -> io::Result<Place> {
    let listener = made(unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) })?;
    let mut address: sockutil_addr = unsafe { std::mem::zeroed() };
    let size = size_of_val(&address.ss) as libc::socklen_t;
    address.ss.ss_family = family as libc::sa_family_t;
    let length = match family {
        // The kernel chooses an abstract name.
        libc::AF_UNIX => size_of::<libc::sa_family_t>(),
        libc::AF_INET => {
            let to = (&raw mut address.ss).cast::<libc::sockaddr_in>();
            unsafe { (*to).sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]) };
            size_of::<libc::sockaddr_in>()
        }
        _ => {
            let to = (&raw mut address.ss).cast::<libc::sockaddr_in6>();
            unsafe { (*to).sin6_addr.s6_addr[15] = 1 };
            size_of::<libc::sockaddr_in6>()
        }
    };
    let at = (&raw mut address.ss).cast::<libc::sockaddr>();
    address.len = size;
    let failed = unsafe {
        libc::bind(listener.as_raw_fd(), at, length as libc::socklen_t) != 0
            || libc::listen(listener.as_raw_fd(), backlog) != 0
            || libc::getsockname(listener.as_raw_fd(), at, &raw mut address.len) != 0
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(Place { listener, address, family, kind }) }
}

impl Place {
    fn socket(&self) -> OwnedFd {
        made(unsafe { libc::socket(self.family, self.kind | libc::SOCK_CLOEXEC, 0) }).unwrap()
    }

    /// connect(2), without a wait.
    fn connect(&self) -> OwnedFd {
        let socket = self.socket();
        kit::nonblocking(socket.as_raw_fd(), || {
            let to = (&raw const self.address.ss).cast();
            unsafe { libc::connect(socket.as_raw_fd(), to, self.address.len) }
        });
        socket
    }

    fn accept(&self) -> Option<OwnedFd> {
        let null = std::ptr::null_mut();
        made(unsafe { libc::accept4(self.listener.as_raw_fd(), null, null.cast(), libc::SOCK_CLOEXEC) }).ok()
    }

    /// Lets clients in until the listener has no room for another.
    fn fill(&self) -> Vec<OwnedFd> {
        (0..4).map(|_| self.connect()).collect()
    }
}

pub const FAMILIES: [(&str, c_int, c_int); 4] = [
    ("TCP", libc::AF_INET, libc::SOCK_STREAM),
    ("TCP over IPv6", libc::AF_INET6, libc::SOCK_STREAM),
    ("AF_UNIX", libc::AF_UNIX, libc::SOCK_STREAM),
    ("AF_UNIX seqpacket", libc::AF_UNIX, libc::SOCK_SEQPACKET),
];

pub fn accept(family: c_int, kind: c_int, column: Column, mode: Mode) -> Verdict {
    let place = place(family, kind, 8).map_err(|e| e.to_string())?;
    let fd = place.listener.as_raw_fd();
    mode.set(fd);
    let before = kit::flags(fd);
    let call = |ms| timed(|| sockutil_accept_plain(fd, ms));
    let (answer, _client) = column.run(|| place.connect(), call);
    drop(made(answer.ret));
    let allowed = if let Column::Middle(_) = column { End::Done } else { End::Fails(EAGAIN) };
    check_end(answer, &[allowed], column.limit())?;
    mode.unchanged(fd, before)
}

fn sockutil_accept_plain(fd: c_int, ms: c_int) -> c_int {
    unsafe { sockutil_accept(fd, std::ptr::null_mut(), 0, ms) }
}

/// To a listener whose backlog is full.
pub fn connect(family: c_int, kind: c_int, column: Column, mode: Mode) -> Verdict {
    let place = place(family, kind, 0).map_err(|e| e.to_string())?;
    let _others = place.fill();
    let socket = place.socket();
    let fd = socket.as_raw_fd();
    mode.set(fd);
    let before = kit::flags(fd);
    let done = AtomicBool::new(false);
    kit::set_flags(place.listener.as_raw_fd(), libc::O_NONBLOCK);
    // Every client goes in, until ours has: TCP tries again after a second.
    let let_in = || {
        let mut in_all = Vec::new();
        while !done.load(Ordering::Relaxed) {
            in_all.extend(place.accept());
            thread::sleep(Duration::from_millis(1));
        }
        in_all
    };
    let call = |ms| {
        let answer = timed(|| unsafe { sockutil_connect(fd, &raw const place.address, ms) });
        done.store(true, Ordering::Relaxed);
        answer
    };
    let (answer, _) = column.run(let_in, call);
    let allowed = match column {
        Column::Middle(_) => End::Done,
        Column::Quiet(NOWAIT) if family == libc::AF_UNIX => End::Fails(EAGAIN),
        Column::Quiet(NOWAIT) => End::Fails(EINPROGRESS),
        // As its comment says: it cannot be resumed.
        Column::Quiet(_) => End::Fails(ETIMEDOUT),
    };
    closing(answer, &[allowed], column.limit())?;
    mode.unchanged(fd, before)
}
