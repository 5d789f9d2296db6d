//! Unix sockets that listen at a path or an abstract name, and connect to one.

use core::ffi::{CStr, c_int};

use errno::Errno;

use crate::address;
use crate::connect;
use crate::socket::{Flags, Socket};
use crate::sys::{self, Address};
use crate::time::Limit;

/// `sockutil_unix_listen`.
pub fn listen(path: &CStr, backlog: c_int, flags: Flags) -> Result<c_int, Errno> {
    let address = unix_address(path)?;
    let socket = flags.socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
    let is_file = path.to_bytes().first() != Some(&b'@');
    match sys::bind(socket.fd(), &address) {
        Err(Errno(libc::EADDRINUSE)) if is_file && is_stale(path, &address)? => {
            // Another server that starts may be quicker with the unlink or the bind: then this bind fails.
            match sys::unlink(path) {
                Ok(()) | Err(Errno(libc::ENOENT)) => sys::bind(socket.fd(), &address)?,
                Err(e) => return Err(e),
            }
        }
        result => result?,
    }
    if let Err(e) = sys::listen(socket.fd(), backlog) {
        if is_file {
            let _ = sys::unlink(path);
        }
        return Err(e);
    }
    Ok(socket.hand_over())
}

/// Whether the path is a socket without a listener. When unsure, assume there is a listener.
fn is_stale(path: &CStr, address: &Address) -> Result<bool, Errno> {
    match sys::is_socket_file(path) {
        Ok(true) => {}
        Ok(false) => return Ok(false),
        Err(Errno(libc::ENOENT)) => return Ok(true),
        Err(e) => return Err(e),
    }
    let probe = Socket::new(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_NONBLOCK)?;
    let answer = sys::connect(probe.fd(), address);
    Ok(matches!(answer, Err(Errno(libc::ECONNREFUSED | libc::ENOENT))))
}

/// `sockutil_unix_connect`.
pub fn connect(path: &CStr, flags: Flags, limit: Limit) -> Result<c_int, Errno> {
    connect::unix_connect(&unix_address(path)?, flags, limit)
}

/// The address of a path to listen at or connect to. A lone '@' is refused: it looks like a missing name.
fn unix_address(path: &CStr) -> Result<Address, Errno> {
    match path.to_bytes() {
        b"@" => Err(Errno(libc::EINVAL)),
        bytes => address::parse_unix(bytes),
    }
}
