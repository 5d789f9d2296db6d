//! One thin function per system call: no policy, no retry. This is the only place that makes system calls, and
//! [`checked`] the only place where -1 becomes an error.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]
#![expect(unsafe_code, reason = "system calls take raw pointers")]

mod address;
mod control;
mod diag;
mod permissions;
mod pktinfo;
mod resolver;
mod rights;

use core::ffi::{CStr, c_int};
use core::mem::{self, MaybeUninit};
use core::ptr;

use errno::{Errno, errno};
use libc::{c_long, c_short, iovec, pid_t, pollfd, socklen_t, timespec, timeval};

use crate::memory::{Buffer, Bytes, IoSlice};

pub use address::{Address, Parts, UNIX_PATH_BYTES};
pub use diag::{DiagQuery, recv_diag, send_diag};
pub use permissions::{SocketFile, chmod_in_proc, chmod_opened, fchmod, open_path, socket_file};
pub use pktinfo::{PacketInfo, bind_to_interface, recvfrom_at, sendto_from};
pub use resolver::{AddrInfo, Entries, gai_strerror, getaddrinfo, if_indextoname, if_nametoindex, strerror};
pub use rights::{Passed, recv_rights, send_rights};

/// An answer below zero is a failure, with its cause in `errno`.
fn checked<T: PartialOrd + From<bool>>(answer: T) -> Result<T, Errno> {
    if answer < T::from(false) { Err(errno()) } else { Ok(answer) }
}

/// The count of a transfer; it is never above the count that was asked for.
fn counted(answer: isize) -> Result<usize, Errno> {
    checked(answer).map(isize::unsigned_abs)
}

/// Adds the bytes that a call wrote after a buffer's contents to these contents, and returns their count.
fn appended(buffer: &mut Buffer<'_>, answer: isize) -> Result<usize, Errno> {
    let got = counted(answer)?;
    buffer.append(got);
    Ok(got)
}

/// A value's size, for `getsockopt(2)` and similar calls; each is a few bytes.
fn size_of<T>() -> socklen_t {
    mem::size_of::<T>() as socklen_t
}

/// `recv(2)`: appends at most `most` bytes.
#[inline(always)]
pub fn recv(fd: c_int, buffer: &mut Buffer<'_>, most: usize, flags: c_int) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = unsafe { libc::recv(fd, start, room, flags) };
    appended(buffer, got)
}

/// `recv(2)` with `MSG_PEEK`: puts at most `most` bytes after the buffer's contents, without adding them to these.
pub fn peek(fd: c_int, buffer: &mut Buffer<'_>, most: usize, flags: c_int) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = counted(unsafe { libc::recv(fd, start, room, flags | libc::MSG_PEEK) })?;
    buffer.note_ahead(got);
    Ok(got)
}

/// `read(2)`: appends at most `most` bytes.
pub fn read(fd: c_int, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = unsafe { libc::read(fd, start, room) };
    appended(buffer, got)
}

/// `preadv2(2)` at the current position with `RWF_NOWAIT`: appends at most `most` bytes.
pub fn read_nowait(fd: c_int, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    let target = iovec { iov_base: start, iov_len: room };
    // SAFETY: one iovec is passed, and `spare` gives `room` writable bytes for as long as the call lasts.
    let got = unsafe { vector_nowait(libc::SYS_preadv2, fd, &raw const target, 1) }?;
    buffer.append(got);
    Ok(got)
}

/// `send(2)`.
#[inline(always)]
pub fn send(fd: c_int, bytes: Bytes<'_>, flags: c_int) -> Result<usize, Errno> {
    // SAFETY: a slice is readable for its length.
    counted(unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), flags) })
}

/// `write(2)`.
pub fn write(fd: c_int, bytes: Bytes<'_>) -> Result<usize, Errno> {
    // SAFETY: a slice is readable for its length.
    counted(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) })
}

/// `sendmsg(2)` without address or control data.
pub fn sendmsg(fd: c_int, slices: &[IoSlice<'_>], flags: c_int) -> Result<usize, Errno> {
    // SAFETY: all-zero is a valid msghdr: null pointers with zero lengths.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = IoSlice::as_iovec(slices).cast_mut();
    message.msg_iovlen = slices.len() as _;
    // SAFETY: each iovec names memory that is readable for its length, and the kernel writes to none of it.
    counted(unsafe { libc::sendmsg(fd, &raw const message, flags) })
}

/// `writev(2)`.
pub fn writev(fd: c_int, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    let count = slices.len() as c_int;
    // SAFETY: each iovec names memory that is readable for its length.
    counted(unsafe { libc::writev(fd, IoSlice::as_iovec(slices), count) })
}

/// `pwritev2(2)` at the current position with `RWF_NOWAIT`.
pub fn write_nowait(fd: c_int, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    // SAFETY: each iovec names memory that is readable for its length.
    unsafe { vector_nowait(libc::SYS_pwritev2, fd, IoSlice::as_iovec(slices), slices.len()) }
}

/// `preadv2(2)` or `pwritev2(2)` by number, because musl has no functions for them before 1.2.5.
///
/// # Safety
/// `first` starts `count` iovecs whose memory suits the call.
unsafe fn vector_nowait(call: c_long, fd: c_int, first: *const iovec, count: usize) -> Result<usize, Errno> {
    // The offset -1, "the current position", is passed as its low and its high word.
    const HERE: c_long = -1;
    // Pass whole registers: with an int, the upper half of a C variable argument is undefined.
    let (fd, flags) = (c_long::from(fd), c_long::from(libc::RWF_NOWAIT));
    // SAFETY: the iovecs suit the call, as this function requires; the other arguments are integers.
    let answer = unsafe { libc::syscall(call, fd, first, count, HERE, HERE, flags) };
    counted(answer as isize)
}

/// `poll(2)` of one descriptor: its `revents`, 0 when the time ran out.
pub fn poll(fd: c_int, events: c_short, timeout_ms: c_int) -> Result<c_short, Errno> {
    let mut entry = pollfd { fd, events, revents: 0 };
    // SAFETY: one entry is passed, and it lives until the call returns.
    checked(unsafe { libc::poll(&raw mut entry, 1, timeout_ms) })?;
    Ok(entry.revents)
}

/// `poll(2)` of several descriptors: how many are ready. A descriptor below 0 is ignored.
pub fn poll_all(entries: &mut [pollfd], timeout_ms: c_int) -> Result<usize, Errno> {
    // SAFETY: a slice is writable for its length.
    let ready = checked(unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, timeout_ms) })?;
    Ok(ready as usize)
}

/// `clock_gettime(2)`.
pub fn clock_gettime(clock: libc::clockid_t) -> Result<timespec, Errno> {
    let mut time = MaybeUninit::<timespec>::uninit();
    // SAFETY: `time` is writable.
    checked(unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so it was written.
    Ok(unsafe { time.assume_init() })
}

// glibc's struct stat has 32 bits for a size if long has 32, too few for files above 2 GiB.
#[cfg(not(all(target_env = "gnu", target_pointer_width = "32")))]
use libc::{fstat, lstat, stat};
#[cfg(all(target_env = "gnu", target_pointer_width = "32"))]
use libc::{fstat64 as fstat, lstat64 as lstat, stat64 as stat};

/// `fstat(2)`.
fn status(fd: c_int) -> Result<stat, Errno> {
    let mut status = MaybeUninit::uninit();
    // SAFETY: `status` is writable.
    checked(unsafe { fstat(fd, status.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so it was written.
    Ok(unsafe { status.assume_init() })
}

/// The kind of a descriptor that is no socket, as far as waiting depends on it.
pub enum FileKind {
    /// A file or a disk.
    Storage,
    /// A terminal, at either end of a pair.
    Terminal,
    /// A pipe, a device, an eventfd ...
    Other,
}

/// `fstat(2)`, and `isatty(3)` for a character device. `lseek(2)` does not help: it succeeds on an eventfd too.
pub fn file_kind(fd: c_int) -> Result<FileKind, Errno> {
    Ok(match status(fd)?.st_mode & libc::S_IFMT {
        libc::S_IFREG | libc::S_IFBLK => FileKind::Storage,
        // SAFETY: the argument is an integer.
        libc::S_IFCHR if unsafe { libc::isatty(fd) } == 1 => FileKind::Terminal,
        _ => FileKind::Other,
    })
}

/// `ioctl(2)` with `FIONREAD`: how many bytes can be read at once.
pub fn bytes_to_read(fd: c_int) -> Result<usize, Errno> {
    let mut count: c_int = 0;
    // SAFETY: `count` is writable.
    checked(unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut count) })?;
    Ok(count.max(0) as usize)
}

/// `readv(2)` of no bytes: the kernel checks the descriptor, and does not call the driver.
pub fn read_nothing(fd: c_int) -> Result<(), Errno> {
    let nothing = iovec { iov_base: ptr::null_mut(), iov_len: 0 };
    // SAFETY: one iovec is passed, and it names no memory.
    checked(unsafe { libc::readv(fd, &raw const nothing, 1) })?;
    Ok(())
}

/// `writev(2)` of no bytes: the kernel checks the descriptor, and does not call the driver.
pub fn write_nothing(fd: c_int) -> Result<(), Errno> {
    let nothing = iovec { iov_base: ptr::null_mut(), iov_len: 0 };
    // SAFETY: one iovec is passed, and it names no memory.
    checked(unsafe { libc::writev(fd, &raw const nothing, 1) })?;
    Ok(())
}

/// `getsockopt(2)` for `SO_RCVTIMEO` or `SO_SNDTIMEO`.
#[inline]
pub fn socket_timeout(fd: c_int, name: c_int) -> Result<timeval, Errno> {
    let mut value = timeval { tv_sec: 0, tv_usec: 0 };
    let mut size = size_of::<timeval>();
    // SAFETY: `value` is writable for `size` bytes, and any bytes make a timeval.
    checked(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, name, (&raw mut value).cast(), &raw mut size) })?;
    Ok(value)
}

/// `setsockopt(2)` with an `int`.
pub fn setsockopt_int(fd: c_int, level: c_int, name: c_int, value: c_int) -> Result<(), Errno> {
    set_option(fd, level, name, &value)
}

/// `setsockopt(2)` with `SO_LINGER`.
pub fn set_linger(fd: c_int, on: bool, seconds: c_int) -> Result<(), Errno> {
    let value = libc::linger { l_onoff: c_int::from(on), l_linger: seconds };
    set_option(fd, libc::SOL_SOCKET, libc::SO_LINGER, &value)
}

/// `shutdown(2)` of the sending side.
pub fn shutdown_write(fd: c_int) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::shutdown(fd, libc::SHUT_WR) })?;
    Ok(())
}

/// `close(2)`.
pub fn close(fd: c_int) -> Result<(), Errno> {
    // SAFETY: the argument is an integer; the descriptor is the caller's to close.
    checked(unsafe { libc::close(fd) })?;
    Ok(())
}

/// `sigaction(2)` that sets a signal to `SIG_IGN`.
pub fn ignore_signal(signal: c_int) -> Result<(), Errno> {
    // SAFETY: all-zero is a valid sigaction: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = libc::SIG_IGN;
    // SAFETY: `action` is complete, and no old action is asked for.
    checked(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) })?;
    Ok(())
}

/// `waitpid(2)` for any child, without waiting and without its status: its process ID; 0 if all children still run.
pub fn reap_one() -> Result<pid_t, Errno> {
    // SAFETY: a null status pointer asks for no status.
    checked(unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG) })
}

/// `socket(2)`, with `SOCK_CLOEXEC` and the like among `flags`.
pub fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<c_int, Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::socket(family, kind, protocol) })
}

/// `bind(2)`.
pub fn bind(fd: c_int, address: &Address) -> Result<(), Errno> {
    let (start, length) = address.as_sockaddr();
    // SAFETY: an address is readable for its length.
    checked(unsafe { libc::bind(fd, start, length) })?;
    Ok(())
}

/// `listen(2)`.
pub fn listen(fd: c_int, backlog: c_int) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::listen(fd, backlog) })?;
    Ok(())
}

/// `connect(2)`.
pub fn connect(fd: c_int, address: &Address) -> Result<(), Errno> {
    let (start, length) = address.as_sockaddr();
    // SAFETY: an address is readable for its length.
    checked(unsafe { libc::connect(fd, start, length) })?;
    Ok(())
}

/// `accept4(2)`.
pub fn accept(fd: c_int, peer: &mut Address, flags: c_int) -> Result<c_int, Errno> {
    let (start, length) = peer.for_kernel();
    // SAFETY: the address is writable for the length that is passed.
    checked(unsafe { libc::accept4(fd, start, length, flags) })
}

/// `getsockname(2)`.
pub fn getsockname(fd: c_int) -> Result<Address, Errno> {
    let mut address = Address::empty();
    let (start, length) = address.for_kernel();
    // SAFETY: the address is writable for the length that is passed.
    checked(unsafe { libc::getsockname(fd, start, length) })?;
    Ok(address)
}

/// `getpeername(2)`.
pub fn getpeername(fd: c_int) -> Result<Address, Errno> {
    let mut address = Address::empty();
    let (start, length) = address.for_kernel();
    // SAFETY: the address is writable for the length that is passed.
    checked(unsafe { libc::getpeername(fd, start, length) })?;
    Ok(address)
}

/// `sendto(2)`; without an address, to the socket's peer.
pub fn sendto(fd: c_int, bytes: Bytes<'_>, to: Option<&Address>, flags: c_int) -> Result<usize, Errno> {
    let (start, length) = to.map_or((ptr::null(), 0), Address::as_sockaddr);
    // SAFETY: a slice is readable for its length, and an address for its.
    counted(unsafe { libc::sendto(fd, bytes.as_ptr().cast(), bytes.len(), flags, start, length) })
}

/// `recvmsg(2)` without control data: appends a datagram to the buffer, and returns whether it was longer. Not
/// `recvfrom(2)` with `MSG_TRUNC`, which would discard bytes on TCP.
pub fn recvfrom(fd: c_int, buffer: &mut Buffer<'_>, from: &mut Address, flags: c_int) -> Result<bool, Errno> {
    let message = receive(fd, buffer, from, &mut [], flags)?;
    Ok(message.msg_flags & libc::MSG_TRUNC != 0)
}

/// `recvmsg(2)`: appends a datagram to the buffer, and returns the message, of which the flags and the control data
/// count.
fn receive(
    fd: c_int,
    buffer: &mut Buffer<'_>,
    from: &mut Address,
    control: &mut [MaybeUninit<u8>],
    flags: c_int,
) -> Result<libc::msghdr, Errno> {
    let (start, room) = buffer.spare(usize::MAX);
    let mut part = iovec { iov_base: start, iov_len: room };
    // SAFETY: all-zero is a valid msghdr: null pointers with zero lengths.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = control.len() as _;
    from.receive_into(&mut message);
    // SAFETY: `spare` gives `room` writable bytes, the address is writable for its room, and the control memory is as
    // long as the message says; all outlive the call.
    let got = counted(unsafe { libc::recvmsg(fd, &raw mut message, flags) })?;
    from.received(&message);
    buffer.append(got);
    Ok(message)
}

/// `fcntl(2)` with `F_GETFL`.
pub fn status_flags(fd: c_int) -> Result<c_int, Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::fcntl(fd, libc::F_GETFL) })
}

/// `fcntl(2)` with `F_SETFL`.
pub fn set_status_flags(fd: c_int, flags: c_int) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::fcntl(fd, libc::F_SETFL, flags) })?;
    Ok(())
}

/// `fcntl(2)` with `F_GETFD`.
pub fn descriptor_flags(fd: c_int) -> Result<c_int, Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::fcntl(fd, libc::F_GETFD) })
}

/// `fcntl(2)` with `F_SETFD`. There is no other flag.
pub fn set_close_on_exec(fd: c_int) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) })?;
    Ok(())
}

/// `getenv(3)`. The text is the environment's own, and may be used until that changes.
pub fn getenv(name: &CStr) -> Option<&CStr> {
    // SAFETY: a CStr has its NUL. No other thread changes the environment now, as sockutil.h demands.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    // SAFETY: not null, so it is the variable's value, with its NUL.
    if value.is_null() { None } else { Some(unsafe { CStr::from_ptr(value) }) }
}

/// `getpid(2)`.
pub fn getpid() -> pid_t {
    // SAFETY: it has no arguments, and cannot fail.
    unsafe { libc::getpid() }
}

/// `getsockopt(2)` of an `int`.
pub fn getsockopt_int(fd: c_int, level: c_int, name: c_int) -> Result<c_int, Errno> {
    let mut value: c_int = 0;
    let mut size = size_of::<c_int>();
    // SAFETY: `value` is writable for `size` bytes, and any bytes make an int.
    checked(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut size) })?;
    Ok(value)
}

/// `getsockopt(2)` with `SO_PEERCRED`: the process that made the other end of a Unix socket.
pub fn peer_credentials(fd: c_int) -> Result<libc::ucred, Errno> {
    let mut value = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut size = size_of::<libc::ucred>();
    let place = (&raw mut value).cast();
    // SAFETY: `value` is writable for `size` bytes, and any bytes make a ucred.
    checked(unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_PEERCRED, place, &raw mut size) })?;
    Ok(value)
}

/// `getsockopt(2)` of the first byte of `TCP_INFO`: the state.
pub fn tcp_info_state(fd: c_int) -> Result<u8, Errno> {
    let mut state: u8 = 0;
    let mut size = size_of::<u8>();
    let place = (&raw mut state).cast();
    // SAFETY: `state` is writable for `size` bytes, and the kernel writes no more.
    checked(unsafe { libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, place, &raw mut size) })?;
    Ok(state)
}

/// `setsockopt(2)` for `SO_RCVTIMEO` or `SO_SNDTIMEO`.
pub fn set_socket_timeout(fd: c_int, name: c_int, value: timeval) -> Result<(), Errno> {
    set_option(fd, libc::SOL_SOCKET, name, &value)
}

/// `setsockopt(2)` for an IPv4 group or interface.
pub fn set_option_v4(fd: c_int, name: c_int, group: [u8; 4], interface: c_int) -> Result<(), Errno> {
    let value = libc::ip_mreqn {
        imr_multiaddr: libc::in_addr { s_addr: u32::from_ne_bytes(group) },
        imr_address: libc::in_addr { s_addr: 0 },
        imr_ifindex: interface,
    };
    set_option(fd, libc::IPPROTO_IP, name, &value)
}

/// `setsockopt(2)` for an IPv6 group.
pub fn set_option_v6(fd: c_int, name: c_int, group: [u8; 16], interface: u32) -> Result<(), Errno> {
    let value = libc::ipv6_mreq { ipv6mr_multiaddr: libc::in6_addr { s6_addr: group }, ipv6mr_interface: interface };
    set_option(fd, libc::IPPROTO_IPV6, name, &value)
}

fn set_option<T>(fd: c_int, level: c_int, name: c_int, value: &T) -> Result<(), Errno> {
    // SAFETY: `value` is readable for its size.
    checked(unsafe { libc::setsockopt(fd, level, name, (&raw const *value).cast(), size_of::<T>()) })?;
    Ok(())
}

/// `setsockopt(2)` for a group and one of its sources: `struct group_source_req` of RFC 3678, which the libc crate lacks.
pub fn set_group_source(
    fd: c_int,
    level: c_int,
    name: c_int,
    group: &Address,
    source: &Address,
    interface: u32,
) -> Result<(), Errno> {
    #[repr(C)]
    struct GroupSource {
        interface: u32,
        group: libc::sockaddr_storage,
        source: libc::sockaddr_storage,
    }
    let value = GroupSource { interface, group: *group.storage(), source: *source.storage() };
    set_option(fd, level, name, &value)
}

/// `unlink(2)`.
pub fn unlink(path: &CStr) -> Result<(), Errno> {
    // SAFETY: a CStr has its NUL.
    checked(unsafe { libc::unlink(path.as_ptr()) })?;
    Ok(())
}

/// `lstat(2)`, for one question: whether the path names a socket.
pub fn is_socket_file(path: &CStr) -> Result<bool, Errno> {
    let mut status = MaybeUninit::<stat>::uninit();
    // SAFETY: a CStr has its NUL, and `status` is writable.
    checked(unsafe { lstat(path.as_ptr(), status.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so it was written.
    let status = unsafe { status.assume_init() };
    Ok(status.st_mode & libc::S_IFMT == libc::S_IFSOCK)
}
