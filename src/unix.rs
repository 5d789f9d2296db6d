//! Unix sockets that listen at a path or an abstract name, and connect to one.

use core::ffi::{CStr, c_int};

use errno::Errno;
use libc::mode_t;

use crate::address;
use crate::connect;
use crate::socket::{Flags, Socket, uninterrupted};
use crate::sys::{self, Address, OpenPath, SocketFile};
use crate::time::Limit;

/// `sockutil_unix_listen`.
pub fn listen(path: &CStr, backlog: c_int, flags: Flags) -> Result<c_int, Errno> {
    listen_with(path, backlog, None, flags)
}

/// `sockutil_unix_listen_mode`; without a mode the file has the permissions that umask leaves.
pub fn listen_with(path: &CStr, backlog: c_int, mode: Option<mode_t>, flags: Flags) -> Result<c_int, Errno> {
    let address = unix_address(path)?;
    let is_file = path.to_bytes().first() != Some(&b'@');
    if !is_file && (mode.is_some() || flags.replace) {
        return Err(Errno(libc::EINVAL));
    }
    let socket = flags.socket(libc::AF_UNIX, libc::SOCK_STREAM)?;
    // From its first moment the file has no permission that it is not to have.
    let is_narrow = mode.is_some_and(|mode| sys::fchmod(socket.fd(), mode).is_ok());
    match sys::bind(socket.fd(), &address) {
        Err(Errno(libc::EADDRINUSE)) if is_file && may_go(path, &address, flags.replace)? => {
            // Another server that starts may be quicker with the unlink or the bind: then this bind fails.
            match sys::unlink(path) {
                Ok(()) | Err(Errno(libc::ENOENT)) => sys::bind(socket.fd(), &address)?,
                Err(e) => return Err(e),
            }
        }
        result => result?,
    }
    // Nobody can connect before listen(2).
    let ready = mode.map_or(Ok(()), |mode| permit(path, mode, is_narrow));
    if ready == Err(ANOTHERS) {
        return Err(ANOTHERS);
    }
    if let Err(e) = ready.and_then(|()| sys::listen(socket.fd(), backlog)) {
        if is_file {
            let _ = sys::unlink(path);
        }
        return Err(e);
    }
    Ok(socket.hand_over())
}

/// The file at the path is no longer the one that bind(2) has made. It stays as it is.
const ANOTHERS: Errno = Errno(libc::EADDRINUSE);

/// Gives the file of the socket that has just been bound these permissions, or fails with [`ANOTHERS`]. umask cannot be
/// used, as it is the whole process's; and a chmod(2) of the path would follow a symbolic link.
fn permit(path: &CStr, mode: mode_t, is_narrow: bool) -> Result<(), Errno> {
    // It has been removed, and another server may be about to bind; or it is another user's.
    let or_anothers = |from: c_int| move |e: Errno| if e.0 == from { ANOTHERS } else { e };
    let file = uninterrupted(|| OpenPath::new(path)).map_err(or_anothers(libc::ENOENT))?;
    // No other program makes such a file, unless it starts this server, too.
    let is_ours = |found: &SocketFile| !found.is_linked && (!is_narrow || found.mode & !mode == 0);
    let found = file.socket_file()?.filter(is_ours).ok_or(ANOTHERS)?;
    if found.mode == mode { Ok(()) } else { file.chmod(mode).map_err(or_anothers(libc::EPERM)) }
}

/// Whether what is at the path may be removed: a socket without a listener, or any socket with `SOCKUTIL_REPLACE`. When
/// unsure, assume there is a listener.
fn may_go(path: &CStr, address: &Address, replace: bool) -> Result<bool, Errno> {
    match sys::socket_at(path) {
        Ok(Some(_)) if replace => return Ok(true),
        // Elsewhere a listener that is busy refuses as one does that is gone.
        Ok(Some(_)) if !sys::REFUSED_IS_DEAD => return Ok(false),
        Ok(Some(_)) => {}
        Ok(None) => return Ok(false),
        Err(Errno(libc::ENOENT)) => return Ok(true),
        Err(e) => return Err(e),
    }
    let probe = Socket::new(libc::AF_UNIX, libc::SOCK_STREAM | sys::SOCK_NONBLOCK)?;
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
