//! One thin function per system call: no policy, no retry. This is the only place that makes system calls, and
//! [`checked`] the only place where -1 becomes an error.

#![allow(clippy::inline_always, reason = "with opt-level \"s\", each of these would be a call more for each transfer")]
#![expect(unsafe_code, reason = "system calls take raw pointers")]

mod address;
mod control;
mod os;
mod pktinfo;
mod resolver;
mod rights;

use core::ffi::{CStr, c_int};
use core::mem::{self, MaybeUninit};
use core::ptr;

use errno::{Errno, errno};
use libc::{c_short, gid_t, iovec, mode_t, pid_t, pollfd, socklen_t, timespec, timeval, uid_t};

use crate::memory::{Buffer, Bytes, IoSlice};

pub use address::{Address, Parts, UNIX_PATH_BYTES};
pub use os::{
    ACCEPT_NAMES_PEERS, AI_PASSIVE, COARSE_CLOCK, COARSE_NS, DISCONNECT_SUCCEEDS, ENONET, FULL_IS_ENOBUFS,
    HAS_ABSTRACT_NAMES, IPV6_GROUP, KEEPALIVE, MCAST_SOURCE_GROUP, MORE_EVENTS, OpenPath, PIPE_BUF, RECV_CLOEXEC,
    RECV_NOWAIT, REFUSED_IS_DEAD, SEND_NOWAIT, SHARED_PORT, SOCK_CLOEXEC, SOCK_NONBLOCK, TCP_USER_TIMEOUT, V6_TAKES_V4,
    allowed, family, open_diag, peer_credentials, read_nowait, recv_diag, send_diag, send_error, send_room,
    set_multicast_v4, set_option_v4, set_pktinfo_v4, socket, tcp_state, unless_shut, write_nowait,
};
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
    let (start, room) = buffer.spare(os::allowed(most));
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = unsafe { libc::recv(fd, start, room, flags) };
    appended(buffer, got)
}

/// `recv(2)` with `MSG_PEEK`: puts at most `most` bytes after the buffer's contents, without adding them to these.
pub fn peek(fd: c_int, buffer: &mut Buffer<'_>, most: usize, flags: c_int) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(os::allowed(most));
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = counted(unsafe { libc::recv(fd, start, room, flags | libc::MSG_PEEK) })?;
    buffer.note_ahead(got);
    Ok(got)
}

/// `read(2)`: appends at most `most` bytes.
pub fn read(fd: c_int, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(os::allowed(most));
    // SAFETY: `spare` gives `room` writable bytes, borrowed for as long as the call lasts.
    let got = unsafe { libc::read(fd, start, room) };
    appended(buffer, got)
}

/// `send(2)`.
#[inline(always)]
pub fn send(fd: c_int, bytes: Bytes<'_>, flags: c_int) -> Result<usize, Errno> {
    // SAFETY: a slice is readable for its length.
    counted(unsafe { libc::send(fd, bytes.as_ptr().cast(), os::allowed(bytes.len()), flags) })
}

/// `write(2)`.
pub fn write(fd: c_int, bytes: Bytes<'_>) -> Result<usize, Errno> {
    // SAFETY: a slice is readable for its length.
    counted(unsafe { libc::write(fd, bytes.as_ptr().cast(), os::allowed(bytes.len())) })
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

/// `poll(2)` of one descriptor: its `revents`, 0 when the time ran out.
pub fn poll(fd: c_int, events: c_short, timeout_ms: c_int) -> Result<c_short, Errno> {
    let mut entry = pollfd { fd, events, revents: 0 };
    // SAFETY: one entry is passed, and it lives until the call returns.
    checked(unsafe { libc::poll(&raw mut entry, 1, timeout_ms) })?;
    amend(&mut entry);
    Ok(entry.revents)
}

/// A device that poll(2) does not take is always ready, as a file is.
fn amend(entry: &mut pollfd) {
    let wanted = entry.events & (libc::POLLIN | libc::POLLRDNORM | libc::POLLOUT | libc::POLLWRNORM);
    if !os::POLL_TAKES_ALL && entry.revents & libc::POLLNVAL != 0 && wanted != 0 && descriptor_flags(entry.fd).is_ok() {
        entry.revents = wanted;
    }
}

/// `poll(2)` of several descriptors: how many are ready. A descriptor below 0 is ignored.
pub fn poll_all(entries: &mut [pollfd], timeout_ms: c_int) -> Result<usize, Errno> {
    // SAFETY: a slice is writable for its length.
    let ready = checked(unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, timeout_ms) })?;
    entries.iter_mut().for_each(amend);
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

/// `getsockopt(2)`.
///
/// # Safety
/// Any bytes make a `T`.
unsafe fn get_option<T>(fd: c_int, level: c_int, name: c_int) -> Result<T, Errno> {
    // SAFETY: zeros make a `T` too.
    let mut value: T = unsafe { mem::zeroed() };
    let mut size = size_of::<T>();
    // SAFETY: `value` is writable for `size` bytes.
    checked(unsafe { libc::getsockopt(fd, level, name, (&raw mut value).cast(), &raw mut size) })?;
    Ok(value)
}

/// `getsockopt(2)` for `SO_RCVTIMEO` or `SO_SNDTIMEO`.
#[inline]
pub fn socket_timeout(fd: c_int, name: c_int) -> Result<timeval, Errno> {
    // SAFETY: a timeval is integers.
    unsafe { get_option(fd, libc::SOL_SOCKET, name) }
}

/// `setsockopt(2)` with an `int`.
pub fn setsockopt_int(fd: c_int, level: c_int, name: c_int, value: c_int) -> Result<(), Errno> {
    set_option(fd, level, name, &value)
}

/// `setsockopt(2)` with `SO_LINGER`.
pub fn set_linger(fd: c_int, on: bool, seconds: c_int) -> Result<(), Errno> {
    let value = libc::linger { l_onoff: c_int::from(on), l_linger: seconds };
    set_option(fd, libc::SOL_SOCKET, os::SO_LINGER, &value)
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

/// `accept(2)`, with `SOCK_CLOEXEC` and the like as flags.
pub fn accept(fd: c_int, peer: &mut Address, flags: c_int) -> Result<c_int, Errno> {
    let (start, length) = peer.for_kernel();
    // SAFETY: the address is writable for the length that is passed.
    unsafe { os::accept(fd, start, length, flags) }
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
    counted(unsafe { libc::sendto(fd, bytes.as_ptr().cast(), os::allowed(bytes.len()), flags, start, length) })
}

/// `recvfrom(2)`: appends a datagram to the buffer.
pub fn recvfrom(fd: c_int, buffer: &mut Buffer<'_>, from: &mut Address, flags: c_int) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(os::allowed(usize::MAX));
    let (sender, length) = from.for_kernel();
    // SAFETY: `spare` gives `room` writable bytes, and the address is writable for the length that is passed.
    let got = unsafe { libc::recvfrom(fd, start, room, flags, sender, length) };
    appended(buffer, got)
}

/// `recvmsg(2)` without control data: appends a datagram to the buffer, and returns whether it was longer. Not
/// `recvfrom(2)` with `MSG_TRUNC`, which would discard bytes on TCP.
pub fn recvmsg(fd: c_int, buffer: &mut Buffer<'_>, from: &mut Address, flags: c_int) -> Result<bool, Errno> {
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
    let (start, room) = buffer.spare(os::allowed(usize::MAX));
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
    // SAFETY: it is an int.
    unsafe { get_option(fd, level, name) }
}

/// The process at the other end of a Unix socket.
#[derive(Clone, Copy)]
pub struct Credentials {
    /// 0 where the system does not tell it.
    pub pid: pid_t,
    /// Its user.
    pub uid: uid_t,
    /// Its group.
    pub gid: gid_t,
}

/// The two ends of a TCP connection, in network order; IPv4 in the first four bytes of an address.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "only Linux can be asked about two ends")]
pub struct TcpEnds {
    /// `AF_INET` or `AF_INET6`.
    pub family: c_int,
    /// The local end.
    pub local: [u8; 16],
    /// Its port.
    pub local_port: u16,
    /// The peer's end.
    pub peer: [u8; 16],
    /// Its port.
    pub peer_port: u16,
    /// The zone of IPv6 addresses, 0 for any.
    pub zone: u32,
}

/// `setsockopt(2)` for `SO_RCVTIMEO` or `SO_SNDTIMEO`.
pub fn set_socket_timeout(fd: c_int, name: c_int, value: timeval) -> Result<(), Errno> {
    set_option(fd, libc::SOL_SOCKET, name, &value)
}

/// `setsockopt(2)` for an IPv6 group.
pub fn set_option_v6(fd: c_int, name: c_int, group: [u8; 16], interface: u32) -> Result<(), Errno> {
    let ipv6mr_multiaddr = libc::in6_addr { s6_addr: group };
    let value = libc::ipv6_mreq { ipv6mr_multiaddr, ipv6mr_interface: interface as _ };
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

/// `lstat(2)`: `None` if the path names no socket.
pub fn socket_at(path: &CStr) -> Result<Option<SocketFile>, Errno> {
    let mut status = MaybeUninit::<stat>::uninit();
    // SAFETY: a CStr has its NUL, and `status` is writable.
    checked(unsafe { lstat(path.as_ptr(), status.as_mut_ptr()) })?;
    // SAFETY: the call succeeded, so it was written.
    Ok(socket_file(&unsafe { status.assume_init() }))
}

/// What is known of a socket's file.
pub struct SocketFile {
    /// Its permissions.
    pub mode: mode_t,
    /// Whether the file has another name, too.
    pub is_linked: bool,
}

fn socket_file(status: &stat) -> Option<SocketFile> {
    /// The bits that chmod(2) sets.
    const PERMISSIONS: mode_t = 0o7777;

    let is_socket = status.st_mode & libc::S_IFMT == libc::S_IFSOCK;
    is_socket.then_some(SocketFile { mode: status.st_mode & PERMISSIONS, is_linked: status.st_nlink > 1 })
}

/// `fchmod(2)`. Linux gives the file of a socket no more permissions than the socket had before bind(2).
pub fn fchmod(fd: c_int, mode: mode_t) -> Result<(), Errno> {
    // SAFETY: the arguments are integers.
    checked(unsafe { libc::fchmod(fd, mode) })?;
    Ok(())
}
