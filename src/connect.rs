//! One attempt to connect. `race` has the several attempts of `sockutil_tcp_connect`.

use core::ffi::c_int;

use errno::Errno;
use libc::timeval;

use crate::option;
use crate::socket::{Flags, Socket, uninterrupted};
use crate::sys::{self, Address};
use crate::time::{self, Limit};

/// `sockutil_connect`: restores the descriptor's own modes on return.
pub fn connect(fd: c_int, to: &Address, limit: Limit) -> Result<(), Errno> {
    // If poll(2) reported the end of a connect, the next connect succeeds once on Linux, whatever its address.
    if sys::getpeername(fd).is_ok() && is_a_connection(fd)? {
        return Err(Errno(libc::EISCONN));
    }
    if to.family() == libc::AF_UNIX {
        return connect_unix(fd, to, limit);
    }
    // Even without a limit poll(2) waits: after a handler with SA_RESTART the kernel repeats a connect(2) that blocks,
    // and begins a new attempt if the handler has ended the first by shutdown(2).
    match with_nonblock(fd, true, || sys::connect(fd, to))? {
        Err(Errno(libc::EINPROGRESS | libc::EINTR)) if matches!(limit, Limit::NoWait) => Err(Errno(libc::EINPROGRESS)),
        // The attempt goes on after a signal too: another connect would only fail with EALREADY.
        Err(Errno(libc::EINPROGRESS | libc::EINTR)) => finish_connect(fd, limit),
        result => result,
    }
}

/// Whether its peer is final: a datagram socket can get another one.
fn is_a_connection(fd: c_int) -> Result<bool, Errno> {
    let kind = sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_TYPE)?;
    Ok(matches!(kind, libc::SOCK_STREAM | libc::SOCK_SEQPACKET))
}

fn finish_connect(fd: c_int, limit: Limit) -> Result<(), Errno> {
    match time::wait(fd, libc::POLLOUT, limit) {
        Err(Errno(libc::EAGAIN)) => Err(Errno(libc::ETIMEDOUT)),
        Err(e) => Err(e),
        Ok(_) => outcome(fd),
    }
}

/// How an attempt ended.
pub fn outcome(fd: c_int) -> Result<(), Errno> {
    match sys::getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
        0 => Ok(()),
        e => Err(Errno(e)),
    }
}

/// An interrupted Unix connect does not go on in the background. It must wait inside connect(2), and `SO_SNDTIMEO`
/// bounds that.
fn connect_unix(fd: c_int, to: &Address, limit: Limit) -> Result<(), Errno> {
    if matches!(limit, Limit::NoWait) {
        return with_nonblock(fd, true, || uninterrupted(|| sys::connect(fd, to)))?;
    }
    let before = sys::socket_timeout(fd, libc::SO_SNDTIMEO)?;
    let result = with_nonblock(fd, false, || connect_blocking(fd, to, limit));
    let restored = sys::set_socket_timeout(fd, libc::SO_SNDTIMEO, before);
    result??;
    restored
}

/// The caller restores `SO_SNDTIMEO`.
fn connect_blocking(fd: c_int, to: &Address, limit: Limit) -> Result<(), Errno> {
    loop {
        sys::set_socket_timeout(fd, libc::SO_SNDTIMEO, timeout_of(limit)?)?;
        match sys::connect(fd, to) {
            Err(Errno(libc::EINTR)) => {}
            Err(Errno(libc::EAGAIN)) => return Err(Errno(libc::ETIMEDOUT)),
            result => return result,
        }
    }
}

/// `sockutil_unix_connect`: its socket is new, with no modes to restore.
pub fn unix_connect(to: &Address, flags: Flags, limit: Limit) -> Result<c_int, Errno> {
    if matches!(limit, Limit::NoWait) {
        return Err(Errno(libc::ETIMEDOUT));
    }
    let socket = Socket::open(libc::AF_UNIX, libc::SOCK_STREAM, flags.inherit)?;
    if limit.may_block() {
        uninterrupted(|| sys::connect(socket.fd(), to))?;
    } else {
        connect_blocking(socket.fd(), to, limit)?;
        sys::set_socket_timeout(socket.fd(), libc::SO_SNDTIMEO, timeval { tv_sec: 0, tv_usec: 0 })?;
    }
    if flags.nonblock {
        sys::set_status_flags(socket.fd(), libc::O_NONBLOCK)?;
    }
    Ok(socket.hand_over())
}

/// The time that is left, for `SO_SNDTIMEO`, where 0 means for ever.
fn timeout_of(limit: Limit) -> Result<timeval, Errno> {
    let ms = match limit.ms_left()? {
        time::FOREVER => 0,
        0 => return Err(Errno(libc::ETIMEDOUT)),
        ms => ms,
    };
    let (s, us) = (ms / 1000, ms % 1000 * 1000);
    Ok(timeval { tv_sec: s.into(), tv_usec: us.into() })
}

/// Sets `O_NONBLOCK`, runs something, and restores the flag on every path.
fn with_nonblock<T>(fd: c_int, on: bool, call: impl FnOnce() -> T) -> Result<T, Errno> {
    let changed_from = option::set_nonblock(fd, on)?;
    let result = call();
    if let Some(before) = changed_from {
        sys::set_status_flags(fd, before)?;
    }
    Ok(result)
}
