//! Linux and Android.

mod diag;
mod open_path;

use core::ffi::c_int;

use errno::Errno;
use libc::{c_long, clockid_t, iovec, sockaddr_storage};

use crate::memory::{Buffer, IoSlice};
use crate::sys::{Credentials, counted, get_option, getsockopt_int, setsockopt_int};

pub use diag::{open_diag, recv_diag, send_diag};
pub use open_path::OpenPath;

// ---- What the kernel answers

/// Flags that keep a call on a socket from waiting, for receiving and for sending; 0 where there are none.
pub const RECV_NOWAIT: c_int = libc::MSG_DONTWAIT;
pub const SEND_NOWAIT: c_int = libc::MSG_DONTWAIT;

/// How many of so many bytes one call may be asked to move: all, the kernel itself cuts them.
pub fn allowed(bytes: usize) -> usize {
    bytes
}

/// connect(2) to a Unix socket's path fails with ECONNREFUSED only if no process listens there.
pub const REFUSED_IS_DEAD: bool = true;

/// A Unix address that begins with a NUL is a name.
pub const HAS_ABSTRACT_NAMES: bool = true;

/// What setsockopt(2) has answered for a socket that may be shut in both directions: as for any other.
pub fn unless_shut(answer: Result<(), Errno>) -> Result<(), Errno> {
    answer
}

/// An IPv6 socket can always be one for both families.
pub const V6_TAKES_V4: bool = true;

/// accept(2) always gives the peer's address.
pub const ACCEPT_NAMES_PEERS: bool = true;

/// connect(2) without a family disconnects, and says so.
pub const DISCONNECT_SUCCEEDS: bool = true;

/// Every descriptor can be polled.
pub const POLL_TAKES_ALL: bool = true;

/// send(2) fails with ENOBUFS instead of EAGAIN when a queue of datagrams is full.
pub const FULL_IS_ENOBUFS: bool = false;

/// The errno for a failed send: the kernel's own.
pub fn send_error(e: Errno) -> Errno {
    e
}

/// An errno of accept(2) beside those that every system has, or 0.
pub use libc::ENONET;

/// An event of poll(2) beside those of POSIX, or 0.
pub const MORE_EVENTS: libc::c_short = libc::POLLRDHUP;

/// A clock to the tick of the kernel's timer, at a quarter of the cost of the exact one.
pub const COARSE_CLOCK: clockid_t = libc::CLOCK_MONOTONIC_COARSE;

/// How late that clock may be: a tick of the slowest timer that Linux is built with, and a millisecond for rounding.
pub const COARSE_NS: i64 = 11_000_000;

// ---- Descriptors

pub use super::atomic::{SOCK_CLOEXEC, SOCK_NONBLOCK, accept, arrived, socket};

/// For `recvmsg(2)`: descriptors that come with it are close-on-exec.
pub const RECV_CLOEXEC: c_int = libc::MSG_CMSG_CLOEXEC;

/// The family of a socket.
pub fn family(fd: c_int) -> Result<c_int, Errno> {
    getsockopt_int(fd, libc::SOL_SOCKET, libc::SO_DOMAIN)
}

/// How many bytes a blocking socket takes at once. Sends need not ask: they have [`SEND_NOWAIT`].
pub fn send_room(_fd: c_int) -> usize {
    usize::MAX
}

// ---- Reads and writes that do not wait

/// `preadv2(2)` at the current position with `RWF_NOWAIT`: appends at most `most` bytes.
pub fn read_nowait(fd: c_int, buffer: &mut Buffer<'_>, most: usize) -> Result<usize, Errno> {
    let (start, room) = buffer.spare(most);
    let target = iovec { iov_base: start, iov_len: room };
    // SAFETY: one iovec is passed, and `spare` gives `room` writable bytes for as long as the call lasts.
    let got = unsafe { vector_nowait(libc::SYS_preadv2, fd, &raw const target, 1) }?;
    buffer.append(got);
    Ok(got)
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

/// What a pipe takes at once if poll(2) reports it writable.
pub use libc::PIPE_BUF;

// ---- Addresses

/// For `getaddrinfo(3)`.
pub use libc::AI_PASSIVE;

/// The length inside an address, which Linux does not have.
pub fn set_length(_address: &mut sockaddr_storage, _length: usize) {}

// ---- Options

/// `SO_LINGER` in seconds.
pub use libc::SO_LINGER;

/// The three options of TCP's keepalive: idle time, interval, count.
pub const KEEPALIVE: [c_int; 3] = [libc::TCP_KEEPIDLE, libc::TCP_KEEPINTVL, libc::TCP_KEEPCNT];

/// `TCP_USER_TIMEOUT`. (The libc crate lacks it for Android.)
pub const TCP_USER_TIMEOUT: c_int = 18;

/// The option by which several sockets share the clients of one port.
pub const SHARED_PORT: Option<c_int> = Some(libc::SO_REUSEPORT);

/// The two options of RFC 3493 for a member of an IPv6 group.
pub const IPV6_GROUP: [c_int; 2] = [libc::IPV6_ADD_MEMBERSHIP, libc::IPV6_DROP_MEMBERSHIP];

/// Two options of RFC 3678, which the libc crate lacks.
pub const MCAST_SOURCE_GROUP: [c_int; 2] = [46, 47];

pub use super::mreqn::set_option_v4;

/// `setsockopt(2)` for a small number of IPv4 multicast.
pub fn set_multicast_v4(fd: c_int, name: c_int, value: c_int) -> Result<(), Errno> {
    setsockopt_int(fd, libc::IPPROTO_IP, name, value)
}

// ---- The local address of a datagram of IPv4

pub use super::pktinfo::{attach_pktinfo_v4, pktinfo_v4, set_pktinfo_v4};

pub use libc::IP_PKTINFO;

// ---- Control messages

pub use libc::{CMSG_DATA, CMSG_FIRSTHDR, CMSG_LEN, CMSG_NXTHDR, CMSG_SPACE};

// ---- Peers

/// The type of the control message by which `SO_PASSPIDFD` brings a descriptor of the sending process.
pub const SCM_PIDFD: c_int = 4;

/// `getsockopt(2)` with `SO_PEERCRED`: the process that made the other end of a Unix socket.
pub fn peer_credentials(fd: c_int) -> Result<Credentials, Errno> {
    // SAFETY: a ucred is integers.
    let libc::ucred { pid, uid, gid } = unsafe { get_option(fd, libc::SOL_SOCKET, libc::SO_PEERCRED) }?;
    Ok(Credentials { pid, uid, gid })
}

/// `getsockopt(2)` of the first byte of `TCP_INFO`: the state, with Linux's number, which is sockutil's.
pub fn tcp_state(fd: c_int) -> Result<u8, Errno> {
    // SAFETY: a byte is an integer; the kernel writes no more.
    unsafe { get_option(fd, libc::IPPROTO_TCP, libc::TCP_INFO) }
}
