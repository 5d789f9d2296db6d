//! Who is at the other end of a Unix socket.

use core::ffi::c_int;

use errno::Errno;
use libc::{SO_ACCEPTCONN, SO_TYPE, SOL_SOCKET};

use crate::pass::check_unix;
use crate::sys::{self, Credentials};

/// `sockutil_peer_cred`.
pub fn credentials(unix_fd: c_int) -> Result<Credentials, Errno> {
    let option = |name| sys::getsockopt_int(unix_fd, SOL_SOCKET, name);
    check_unix(unix_fd)?;
    // The kernel answers for a listener with the caller's own ids, and for a datagram socket of socketpair(2) with those
    // of its first peer, although connect(2) may have given it another one since.
    if option(SO_TYPE)? == libc::SOCK_DGRAM || option(SO_ACCEPTCONN)? != 0 {
        return Err(Errno(libc::ENOTCONN));
    }
    let found = sys::peer_credentials(unix_fd)?;
    if found.uid == libc::uid_t::MAX { Err(Errno(libc::ENOTCONN)) } else { Ok(found) }
}
