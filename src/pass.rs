//! Descriptors passed between processes.

use core::ffi::c_int;

use errno::Errno;

use crate::channel::{Direction, Limited};
use crate::sys;
use crate::time::Limit;

/// `sockutil_send_fd`.
pub fn send_fd(unix_fd: c_int, fd: c_int, limit: Limit) -> Result<(), Errno> {
    // The kernel takes SCM_RIGHTS on every socket, and discards them on other than Unix sockets: only the byte would
    // go.
    if sys::getsockopt_int(unix_fd, libc::SOL_SOCKET, libc::SO_DOMAIN)? != libc::AF_UNIX {
        return Err(Errno(libc::EINVAL));
    }
    let call = |socket, flags| sys::send_descriptor(socket, fd, flags | libc::MSG_NOSIGNAL);
    Limited::new(unix_fd, limit).socket_call(Direction::Out, call).map(|_| ())
}

/// `sockutil_recv_fd`: `None` at the end of the stream.
pub fn recv_fd(unix_fd: c_int, limit: Limit) -> Result<Option<c_int>, Errno> {
    let call = |socket, flags| sys::recv_descriptor(socket, flags | libc::MSG_CMSG_CLOEXEC);
    let passed = Limited::new(unix_fd, limit).socket_call(Direction::In, call)?;
    match (passed.first, passed.count) {
        (Some(fd), 1) if !passed.cut => Ok(Some(fd)),
        (Some(fd), _) => {
            // It is unknown which of several was meant: keep none.
            let _ = sys::close(fd);
            Err(Errno(libc::EPROTO))
        }
        // One came, but this process has no descriptor left for it.
        (None, _) if passed.cut => Err(Errno(libc::EMFILE)),
        (None, _) if passed.bytes == 0 => Ok(None),
        (None, _) => Err(Errno(libc::EPROTO)),
    }
}
