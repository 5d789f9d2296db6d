//! Processes and descriptors.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;

use libc::{gid_t, pid_t, size_t, uid_t};

use super::check::{self, Done, INVALID};
use super::outcome::{self, DONE, END};
use crate::memory::Buffer;
use crate::pass;
use crate::peer;
use crate::process;
use crate::time::Limit;

/// The process at the other end of a Unix socket.
///
/// The last field is in reserve; it is 0 now.
#[repr(C)]
#[allow(non_camel_case_types, reason = "the name is the C type's")]
pub struct sockutil_cred {
    /// Its process ID; 0 if it is in a PID namespace that this process cannot see.
    pub pid: pid_t,
    /// Its effective user ID.
    pub uid: uid_t,
    /// Its effective group ID.
    pub gid: gid_t,
    reserved: [c_int; 4],
}

/// Make the whole program ignore SIGPIPE.
///
/// Then a write to a pipe or socket without a reader fails with EPIPE instead
/// of killing the program. The functions here never raise SIGPIPE on a socket
/// anyway; this is for pipes, and for writes by other code. Children inherit
/// it, through execve(2) too.
///
/// Returns 0; -1 with the errno of sigaction(2), which should not fail.
///
/// Async-signal-safe and thread-safe; the disposition belongs to the process.
/// Source: POSIX sigaction; signal(7).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_ignore_sigpipe() -> c_int {
    outcome::of(|| process::ignore_sigpipe().map(|()| 0))
}

/// Reap every child that has ended, without waiting for those that live.
///
/// For a SIGCHLD handler: several children that end together raise one signal,
/// so one call reaps them all. Their exit statuses are discarded; a program
/// that wants a child's status must wait for that child itself.
///
/// Returns how many were reaped; 0 if none has ended, or if there are none;
/// -1 with the errno of waitpid(2), which should not fail. errno is untouched
/// on success, as a handler must leave it.
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX waitpid; UNP figure 5.11.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_reap_children() -> c_int {
    outcome::of(process::reap_children)
}

/// Find out which process is at the other end of a Unix socket.
///
/// For a connected stream or seqpacket socket, of connect(2), accept(2) or
/// socketpair(2). *cred has the ids that the other process had when it called
/// connect(2), listen(2) or socketpair(2); they stay when it changes its ids,
/// passes the socket on, or ends. Authorize by uid: a pid is used again when
/// its process has ended, and is 0 for a process of another PID namespace. An id
/// without a place in this user namespace is the overflow id, usually 65534. On
/// FreeBSD pid is 0 where the kernel does not tell it; on macOS it is that of the
/// process that used the peer's socket last.
///
/// Returns 0; -1 with errno, and *cred untouched:
///   ENOTCONN   unix_fd is a listener, is not connected, or is a datagram socket
///   EINVAL     cred is NULL, unix_fd is no Unix socket
///   EBADF      unix_fd is not a descriptor
///   ENOTSOCK   unix_fd is not a socket
///
/// Async-signal-safe and thread-safe.
/// Source: unix(7), SO_PEERCRED.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_peer_cred(unix_fd: c_int, cred: Option<&mut MaybeUninit<sockutil_cred>>) -> c_int {
    outcome::of(|| {
        let place = cred.ok_or(INVALID)?;
        let found = peer::credentials(unix_fd)?;
        place.write(sockutil_cred { pid: found.pid, uid: found.uid, gid: found.gid, reserved: [0; 4] });
        Ok(0)
    })
}

/// Pass a descriptor to the process at the other end of a Unix socket.
///
/// Sends SCM_RIGHTS with one byte of data. The receiver gets its own descriptor
/// for the same open file; fd stays open here. timeout_ms holds whatever
/// O_NONBLOCK and SO_SNDTIMEO are. Setting a flag in a handler does not end a
/// wait. A socket never raises SIGPIPE.
///
/// Returns 1; -1 with errno:
///   EAGAIN     timeout_ms ran out, and nothing was sent
///   EINVAL     timeout_ms is below -1; or unix_fd is no Unix socket
///   EPIPE      the peer is gone, or this side was shut down for writing
///   EBADF      unix_fd or fd is not a descriptor
///   ENOTSOCK   unix_fd is not a socket
/// and the errors of sendmsg(2): ETOOMANYREFS, too many descriptors are in
/// flight.
///
/// Async-signal-safe and thread-safe.
/// Source: unix(7), cmsg(3); UNP section 15.7.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_send_fd(unix_fd: c_int, fd: c_int, timeout_ms: c_int) -> c_int {
    outcome::of(|| pass::send_fd(unix_fd, fd, Limit::from_ms(timeout_ms)?).map(|()| DONE))
}

/// Receive a descriptor, as sockutil_send_fd sends it.
///
/// *fd is close-on-exec. One byte of data is read with it. Unexpected
/// descriptors are closed, so that a peer cannot fill this process with them.
/// timeout_ms holds whatever O_NONBLOCK and SO_RCVTIMEO are. Setting a flag in
/// a handler does not end a wait.
///
/// Returns 1, and the descriptor in *fd; 0, end of stream; -1 with errno, and
/// *fd untouched:
///   EAGAIN     timeout_ms ran out
///   EPROTO     the byte came with none, or with more than one: all closed
///   EMFILE     it came, but this process has no number left for it: it is lost
///   EINVAL     fd is NULL, timeout_ms is below -1
///   EBADF      unix_fd is not a descriptor
///   ENOTSOCK   unix_fd is not a socket
/// and the errors of recvmsg(2): ECONNRESET, ...
///
/// Async-signal-safe and thread-safe.
/// Source: unix(7), cmsg(3); UNP section 15.7.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_recv_fd(unix_fd: c_int, fd: Option<&mut MaybeUninit<c_int>>, timeout_ms: c_int) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        pass::recv_fd(unix_fd, fd.ok_or(INVALID)?, limit).map(outcome::read)
    })
}

/// Send bytes, and descriptors with the first of them.
///
/// For a Unix stream socket. fds are 0 to 253 descriptors; the receiver gets
/// its own for the same open files, and these stay open here. buf is n bytes,
/// at least 1. *done counts bytes: set it to 0 to start; it is true on every
/// return. After EAGAIN the same call goes on where this one stopped: with *done
/// above 0 the descriptors have gone, and are not sent again. timeout_ms bounds
/// the whole call, whatever O_NONBLOCK and SO_SNDTIMEO are. Signals neither end
/// nor stretch it; setting a flag in a handler does not end a wait. A socket
/// never raises SIGPIPE.
///
/// The receiver can get these bytes joined to bytes that were sent before, and
/// never to bytes that are sent after: send one byte, or a whole header, with
/// the descriptors. Stevens' write_fd is this call with one descriptor and one
/// byte, APUE's send_fd the one with a byte 0 and a status.
///
/// Returns 1, all bytes are taken (not: received by the peer); -1 with errno:
///   EAGAIN     timeout_ms ran out: nothing is lost, call again
///   EINVAL     unix_fd is no Unix stream socket, nfds is above 253, fds is NULL
///              and nfds is not 0, done is NULL and nfds is not 0, buf is NULL,
///              n is 0 or above SSIZE_MAX, timeout_ms is below -1, *done is n or
///              above (did you set it to 0?)
///   EPIPE      the peer is gone, or this side was shut down for writing
///   EBADF      unix_fd or one of fds is not a descriptor; nothing was sent
///   ENOTSOCK   unix_fd is not a socket
/// and the errors of sendmsg(2): ETOOMANYREFS, too many descriptors are in
/// flight; ENOTCONN; with musl ENOMEM, more than 250 descriptors.
///
/// Async-signal-safe and thread-safe; bytes that two threads send on one socket
/// at once can be mixed up.
/// Source: unix(7), cmsg(3); UNP section 15.7; APUE section 17.4.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((4)) SOCKUTIL_READS(2, 3) SOCKUTIL_READS(4, 5)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_send_fds(
    unix_fd: c_int,
    fds: *const c_int,
    nfds: size_t,
    buf: *const c_void,
    n: size_t,
    done: Option<&mut size_t>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let limit = Limit::from_ms(timeout_ms)?;
        // Without a count the caller could not know whether the descriptors have gone.
        if nfds > pass::MOST || (done.is_none() && nfds > 0) || n == 0 {
            return Err(INVALID);
        }
        // SAFETY: `fds` is NULL, or the caller promises `nfds` descriptors there.
        let fds = unsafe { check::values(fds, nfds) }?;
        // SAFETY: `buf` is NULL, or the caller promises `n` readable bytes there.
        let bytes = unsafe { check::bytes(buf, n) }?;
        let done = Done::new(done, n)?;
        let mut count = done.start();
        let result = pass::send_fds(unix_fd, fds, bytes, &mut count, limit);
        done.report(count);
        result.map(|()| DONE)
    })
}

/// Receive bytes, and the descriptors that came with them.
///
/// For a Unix stream socket. Reads once, as recvmsg(2) does: 1 to n bytes, and
/// at most cap descriptors, all close-on-exec. *len counts the bytes in buf,
/// *nfds the descriptors in fds: 0 if these bytes came without. If more than cap
/// come, all are closed, as are those in other control messages: a peer cannot
/// fill this process with them. timeout_ms holds whatever O_NONBLOCK and
/// SO_RCVTIMEO are. Signals neither end nor stretch it; setting a flag in a
/// handler does not end a wait.
///
/// Linux joins bytes that were sent before to a message with descriptors, and
/// never bytes that were sent after. So receive exactly as many bytes as the
/// peer sends with descriptors: a byte, or a whole header. Every other function
/// that reads these bytes closes the descriptors: use no reader on such a
/// socket. Check what you get: the peer chooses the kind of each descriptor, and
/// shares its offset and its O_NONBLOCK.
///
/// Returns 1, *len is above 0; 0, end of stream; -1 with errno; but for EPROTO
/// and EMFILE nothing was read, and *len is 0. Except on 1, *nfds is 0:
///   EAGAIN     timeout_ms ran out
///   EPROTO     more than cap came: all are closed; *len bytes are in buf
///   EMFILE     this process has no number left for one: all are closed; *len
///              bytes are in buf
///   EINVAL     unix_fd is no Unix stream socket, fds is NULL and cap is not 0,
///              nfds, buf or len is NULL, n is 0, n or the size of fds is above
///              SSIZE_MAX, timeout_ms is below -1
///   EBADF      unix_fd is not a descriptor
///   ENOTSOCK   unix_fd is not a socket
/// and the errors of recvmsg(2): ECONNRESET, ...
///
/// Async-signal-safe and thread-safe.
/// Source: unix(7), cmsg(3); UNP section 15.7; APUE section 17.4.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((4, 5, 7)) SOCKUTIL_WRITES(2, 3) SOCKUTIL_WRITES(5, 6)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sockutil_recv_fds(
    unix_fd: c_int,
    fds: *mut c_int,
    cap: size_t,
    nfds: Option<&mut MaybeUninit<size_t>>,
    buf: *mut c_void,
    n: size_t,
    len: Option<&mut MaybeUninit<size_t>>,
    timeout_ms: c_int,
) -> c_int {
    outcome::of(|| {
        let (nfds, len) = (nfds.map(|place| place.write(0)), len.map(|place| place.write(0)));
        let (nfds, len) = (nfds.ok_or(INVALID)?, len.ok_or(INVALID)?);
        let limit = Limit::from_ms(timeout_ms)?;
        // SAFETY: `fds` is NULL, or the caller promises room for `cap` descriptors there.
        let places = unsafe { check::array(fds, cap) }?;
        // SAFETY: `buf` is NULL, or the caller promises `n` writable bytes there.
        let memory = unsafe { check::memory(buf, n) }?;
        if memory.is_empty() {
            return Err(INVALID);
        }
        let mut buffer = Buffer::fresh(memory);
        let result = pass::recv_fds(unix_fd, &mut buffer, places, limit);
        *len = buffer.len();
        *nfds = result?;
        Ok(if *len > 0 { DONE } else { END })
    })
}
