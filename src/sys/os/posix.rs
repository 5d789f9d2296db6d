//! What every system has: POSIX of 2008, and answers that are not Linux's.

#![allow(dead_code, reason = "a system's own file replaces some of it")]
#![allow(clippy::unnecessary_wraps, reason = "on Linux the same functions can fail")]

use core::ffi::{CStr, c_int};

use errno::Errno;
use libc::{clockid_t, mode_t, sockaddr, sockaddr_storage, socklen_t};

use crate::memory::{Buffer, IoSlice};
use crate::sys::control::Control;
use crate::sys::{
    Credentials, SocketFile, TcpEnds, checked, close, get_option, getsockname, getsockopt_int, set_close_on_exec,
    set_option, set_status_flags, setsockopt_int, socket_at,
};

/// An option that no kernel has: it answers ENOPROTOOPT, or what is wrong with the descriptor.
const NO_OPTION: c_int = 0x7f7f;

// ---- What the kernel answers (see linux/mod.rs for the meaning of each name)

/// POSIX has no flag that keeps a call from waiting.
pub const RECV_NOWAIT: c_int = 0;
pub const SEND_NOWAIT: c_int = 0;

/// How many of so many bytes one call may be asked to move: some kernels refuse more, in one piece or in all pieces.
pub fn allowed(bytes: usize) -> usize {
    bytes.min(c_int::MAX as usize)
}

pub const REFUSED_IS_DEAD: bool = false;

pub const HAS_ABSTRACT_NAMES: bool = false;

/// macOS refuses options of such a socket, which then needs none.
pub fn unless_shut(answer: Result<(), Errno>) -> Result<(), Errno> {
    if answer == Err(Errno(libc::EINVAL)) { Ok(()) } else { answer }
}

pub const V6_TAKES_V4: bool = false;

pub const ACCEPT_NAMES_PEERS: bool = false;

pub const DISCONNECT_SUCCEEDS: bool = false;

pub const POLL_TAKES_ALL: bool = false;

pub const FULL_IS_ENOBUFS: bool = true;

/// macOS answers EPROTOTYPE while the peer goes away; later sends get EPIPE.
pub fn send_error(e: Errno) -> Errno {
    if e.0 == libc::EPROTOTYPE { Errno(libc::EPIPE) } else { e }
}

/// No errno has the value 0.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub const ENONET: c_int = 0;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use libc::ENONET;

pub const MORE_EVENTS: libc::c_short = 0;

pub const COARSE_CLOCK: clockid_t = libc::CLOCK_MONOTONIC;

/// It is exact, and a wait has whole milliseconds.
pub const COARSE_NS: i64 = 999_999;

// ---- Descriptors

/// For `socket` and `accept`, which set the flags right after the call. No kind of socket has these bits.
pub const SOCK_CLOEXEC: c_int = 0x4000_0000;
pub const SOCK_NONBLOCK: c_int = 0x2000_0000;

pub const RECV_CLOEXEC: c_int = 0;

/// `socket(2)`, then `fcntl(2)`.
pub fn socket(family: c_int, kind: c_int, protocol: c_int) -> Result<c_int, Errno> {
    let plain = kind & !(SOCK_CLOEXEC | SOCK_NONBLOCK);
    // SAFETY: the arguments are integers.
    let fd = checked(unsafe { libc::socket(family, plain, protocol) })?;
    with_flags(fd, kind)
}

/// `accept(2)`, then `fcntl(2)`.
///
/// # Safety
/// `peer` is writable for `*length` bytes.
pub unsafe fn accept(fd: c_int, peer: *mut sockaddr, length: *mut socklen_t, flags: c_int) -> Result<c_int, Errno> {
    // SAFETY: the address is writable for its length, as this function requires.
    let accepted = checked(unsafe { libc::accept(fd, peer, length) })?;
    with_flags(accepted, flags)
}

/// The same descriptor with its flags; closed if they cannot be set. `O_NONBLOCK` is also cleared: on some systems
/// accept(2) hands on the listener's.
fn with_flags(fd: c_int, flags: c_int) -> Result<c_int, Errno> {
    let nonblock = if flags & SOCK_NONBLOCK == 0 { 0 } else { libc::O_NONBLOCK };
    let cloexec = if flags & SOCK_CLOEXEC == 0 { Ok(()) } else { set_close_on_exec(fd) };
    match cloexec.and_then(|()| set_status_flags(fd, nonblock)) {
        Ok(()) => Ok(fd),
        Err(e) => {
            let _ = close(fd);
            Err(e)
        }
    }
}

/// A descriptor that has come with a message.
pub fn arrived(fd: c_int) {
    // It is open, and nothing else can go wrong.
    let _ = set_close_on_exec(fd);
}

/// The family of a socket: that of its own address.
pub fn family(fd: c_int) -> Result<c_int, Errno> {
    getsockname(fd).map(|address| address.family())
}

/// macOS's option for the bytes that wait to be sent.
const SO_NWRITE: c_int = 0x1024;

/// The bytes that a socket takes at once if poll(2) reports it writable and it does not tell its room: BSD's low-water
/// mark.
const PROMISED_BYTES: usize = 2048;

/// How many bytes a blocking socket takes at once.
pub fn send_room(fd: c_int) -> usize {
    let option = |name| getsockopt_int(fd, libc::SOL_SOCKET, name);
    match (option(libc::SO_SNDBUF), option(SO_NWRITE)) {
        (Ok(size), Ok(queued)) => (size - queued).max(0) as usize,
        _ => PROMISED_BYTES,
    }
}

// ---- Reads and writes that do not wait

/// There is no such call: the caller polls.
pub fn read_nowait(_fd: c_int, _buffer: &mut Buffer<'_>, _most: usize) -> Result<usize, Errno> {
    Err(Errno(libc::ENOSYS))
}

/// There is no such call: the caller polls.
pub fn write_nowait(_fd: c_int, _slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    Err(Errno(libc::ENOSYS))
}

pub const PIPE_BUF: usize = libc::PIPE_BUF as usize;

// ---- Addresses

#[cfg(not(any(target_os = "illumos", target_os = "solaris")))]
pub use libc::AI_PASSIVE;

pub fn set_length(_address: &mut sockaddr_storage, _length: usize) {}

// ---- Options

pub const SO_LINGER: c_int = libc::SO_LINGER;

pub const KEEPALIVE: [c_int; 3] = [NO_OPTION; 3];

pub const TCP_USER_TIMEOUT: c_int = NO_OPTION;

pub const SHARED_PORT: Option<c_int> = None;

/// Options of RFC 3493, for which Linux has two names.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub const IPV6_GROUP: [c_int; 2] = [libc::IPV6_ADD_MEMBERSHIP, libc::IPV6_DROP_MEMBERSHIP];
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub const IPV6_GROUP: [c_int; 2] = [libc::IPV6_JOIN_GROUP, libc::IPV6_LEAVE_GROUP];

pub const MCAST_SOURCE_GROUP: [c_int; 2] = [NO_OPTION; 2];

/// `setsockopt(2)` for an IPv4 group or interface, with an interface's index in place of its address: 0.0.0.0 is the
/// kernel's choice, 0.0.0.1 the first interface (RFC 1724, section 3.3).
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn set_option_v4(fd: c_int, name: c_int, group: [u8; 4], interface: c_int) -> Result<(), Errno> {
    let imr_interface = libc::in_addr { s_addr: (interface as u32).to_be() };
    if name == libc::IP_MULTICAST_IF {
        return set_option(fd, libc::IPPROTO_IP, name, &imr_interface);
    }
    let imr_multiaddr = libc::in_addr { s_addr: u32::from_ne_bytes(group) };
    set_option(fd, libc::IPPROTO_IP, name, &libc::ip_mreq { imr_multiaddr, imr_interface })
}

/// POSIX has no multicast, and Linux no index in place of an address.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use super::mreqn::set_option_v4;

/// `setsockopt(2)` for a small number of IPv4 multicast, in one byte.
pub fn set_multicast_v4(fd: c_int, name: c_int, value: c_int) -> Result<(), Errno> {
    set_option(fd, libc::IPPROTO_IP, name, &(value as u8))
}

// ---- The local address of a datagram of IPv4

pub fn set_pktinfo_v4(fd: c_int, on: c_int) -> Result<(), Errno> {
    setsockopt_int(fd, libc::IPPROTO_IP, NO_OPTION, on)
}

/// # Safety
/// None: it reads nothing.
pub unsafe fn pktinfo_v4(_header: *const libc::cmsghdr, _kind: c_int) -> Option<([u8; 4], u32)> {
    None
}

/// No control message: the datagram leaves from the address that the kernel chooses.
pub fn attach_pktinfo_v4(_control: &mut Control, _message: &mut libc::msghdr, _ip: [u8; 4], _interface: u32) {}

// ---- Control messages

#[allow(unused_imports, reason = "NetBSD has its own")]
pub use libc::{CMSG_DATA, CMSG_FIRSTHDR, CMSG_LEN, CMSG_NXTHDR, CMSG_SPACE};

// ---- Files and peers

/// What is at a path.
pub struct OpenPath<'a>(&'a CStr);

impl<'a> OpenPath<'a> {
    pub fn new(path: &'a CStr) -> Result<Self, Errno> {
        Ok(Self(path))
    }

    /// `lstat(2)`: `None` if it is no socket's file.
    pub fn socket_file(&self) -> Result<Option<SocketFile>, Errno> {
        socket_at(self.0)
    }

    /// `fchmodat(2)` of the file itself, should it be a symbolic link by now.
    pub fn chmod(&self, mode: mode_t) -> Result<(), Errno> {
        // SAFETY: a CStr has its NUL.
        checked(unsafe { libc::fchmodat(libc::AT_FDCWD, self.0.as_ptr(), mode, libc::AT_SYMLINK_NOFOLLOW) })?;
        Ok(())
    }
}

/// Only Linux's control messages bring a descriptor unasked (see linux/mod.rs).
pub const SCM_PIDFD: c_int = if cfg!(any(target_os = "linux", target_os = "android")) { 4 } else { -1 };

pub fn peer_credentials(_fd: c_int) -> Result<Credentials, Errno> {
    Err(Errno(libc::ENOTSUP))
}

/// The number of the state in BSD's order, as Linux numbers it.
pub fn from_bsd(state: u8) -> u8 {
    const LINUX: [u8; 11] = [7, 10, 2, 3, 1, 8, 4, 11, 9, 5, 6];
    LINUX.get(usize::from(state)).copied().unwrap_or(CLOSED)
}

const CLOSED: u8 = 7;

/// The state in BSD's number, which is the first of so many bytes of an option.
pub fn bsd_state<const BYTES: usize>(fd: c_int, name: c_int) -> Result<u8, Errno> {
    // SAFETY: bytes are integers.
    let info: [u8; BYTES] = unsafe { get_option(fd, libc::IPPROTO_TCP, name) }?;
    Ok(from_bsd(info.first().copied().unwrap_or_default()))
}

/// As macOS tells it: `TCP_CONNECTION_INFO`. No other system has the option.
pub fn tcp_state(fd: c_int) -> Result<u8, Errno> {
    const TCP_CONNECTION_INFO: c_int = 0x106;
    match bsd_state::<1>(fd, TCP_CONNECTION_INFO) {
        Err(Errno(libc::ENOPROTOOPT)) => without_connection_info(fd),
        result => result,
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn without_connection_info(_fd: c_int) -> Result<u8, Errno> {
    Err(Errno(libc::ENOTSUP))
}

/// The tests look at states everywhere, so that the portable build has Linux's on Linux.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn without_connection_info(fd: c_int) -> Result<u8, Errno> {
    // SAFETY: a byte is an integer; the kernel writes no more.
    unsafe { get_option(fd, libc::IPPROTO_TCP, libc::TCP_INFO) }
}

/// These systems have no sock_diag.
pub fn open_diag() -> Result<c_int, Errno> {
    Err(Errno(libc::EAFNOSUPPORT))
}

pub fn send_diag(_fd: c_int, _query: &TcpEnds) -> Result<(), Errno> {
    Err(Errno(libc::EAFNOSUPPORT))
}

pub fn recv_diag(_fd: c_int, _query: &TcpEnds) -> Result<Option<u8>, Errno> {
    Err(Errno(libc::EAFNOSUPPORT))
}
