//! TCP state.

use core::ffi::{CStr, c_char, c_int};

use super::address::sockutil_addr;
use super::check::INVALID;
use super::outcome;
use crate::tcp_state;

/// Open both ways.
pub const SOCKUTIL_TCP_ESTABLISHED: c_int = 1;

/// A connect waits for an answer.
pub const SOCKUTIL_TCP_SYN_SENT: c_int = 2;

/// An incoming connection waits for the last acknowledgement.
pub const SOCKUTIL_TCP_SYN_RECV: c_int = 3;

/// Closed here; the FIN is not acknowledged.
pub const SOCKUTIL_TCP_FIN_WAIT1: c_int = 4;

/// Closed here; the peer may still send.
pub const SOCKUTIL_TCP_FIN_WAIT2: c_int = 5;

/// Closed by both, this end first; waits for late segments.
pub const SOCKUTIL_TCP_TIME_WAIT: c_int = 6;

/// No connection.
pub const SOCKUTIL_TCP_CLOSED: c_int = 7;

/// Closed by the peer; this end may still send.
pub const SOCKUTIL_TCP_CLOSE_WAIT: c_int = 8;

/// Closed by both, the peer first; our FIN is not acknowledged.
pub const SOCKUTIL_TCP_LAST_ACK: c_int = 9;

/// Waits for connections.
pub const SOCKUTIL_TCP_LISTEN: c_int = 10;

/// Closed by both at once; our FIN is not acknowledged.
pub const SOCKUTIL_TCP_CLOSING: c_int = 11;

/// Get the TCP state of a descriptor's connection.
///
/// A descriptor whose connection is in TIME_WAIT reports CLOSED: the kernel has
/// separated the two. See sockutil_tcp_state_between.
///
/// DragonFly and illumos do not report states: ENOTSUP.
///
/// Returns SOCKUTIL_TCP_ESTABLISHED and so on, Linux's numbers on every system;
/// -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of getsockopt(2) of a socket that is not TCP: EOPNOTSUPP or
/// ENOPROTOOPT.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 9293, section 3.3.2; tcp(7), TCP_INFO.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_tcp_state(fd: c_int) -> c_int {
    outcome::of(|| tcp_state::of_descriptor(fd).map(c_int::from))
}

/// Get the TCP state of the connection between two addresses.
///
/// Asks the kernel (sock_diag(7)) in this network namespace. The connection
/// needs no descriptor, so this also finds TIME_WAIT. local is the end whose
/// state is returned: within one machine each end has its own. A connection
/// bound to a device (SO_BINDTODEVICE) is not found, nor is any on a kernel
/// that has sock_diag without its TCP part.
///
/// Returns SOCKUTIL_TCP_ESTABLISHED and so on; SOCKUTIL_TCP_CLOSED if there is
/// no such connection; -1 with errno:
///   EAFNOSUPPORT   an address is neither IPv4 nor IPv6
///   EINVAL         local or peer is NULL
/// and ENOTSUP if there is no sock_diag, as on every system but Linux, and the
/// errors of socket(2): EMFILE, ...
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 9293, section 3.3.2; sock_diag(7).
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((1, 2))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_tcp_state_between(local: Option<&sockutil_addr>, peer: Option<&sockutil_addr>) -> c_int {
    outcome::of(|| {
        let (local, peer) = (local.ok_or(INVALID)?, peer.ok_or(INVALID)?);
        tcp_state::between(local.address(), peer.address()).map(c_int::from)
    })
}

/// Return the name of a TCP state.
///
/// Returns "ESTABLISHED" and so on, a static text; "UNKNOWN" for any other
/// number; never NULL.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 9293, section 3.3.2.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_tcp_state_name(state: c_int) -> *const c_char {
    let name: &CStr = match state {
        SOCKUTIL_TCP_ESTABLISHED => c"ESTABLISHED",
        SOCKUTIL_TCP_SYN_SENT => c"SYN_SENT",
        SOCKUTIL_TCP_SYN_RECV => c"SYN_RECV",
        SOCKUTIL_TCP_FIN_WAIT1 => c"FIN_WAIT1",
        SOCKUTIL_TCP_FIN_WAIT2 => c"FIN_WAIT2",
        SOCKUTIL_TCP_TIME_WAIT => c"TIME_WAIT",
        SOCKUTIL_TCP_CLOSED => c"CLOSED",
        SOCKUTIL_TCP_CLOSE_WAIT => c"CLOSE_WAIT",
        SOCKUTIL_TCP_LAST_ACK => c"LAST_ACK",
        SOCKUTIL_TCP_LISTEN => c"LISTEN",
        SOCKUTIL_TCP_CLOSING => c"CLOSING",
        _ => c"UNKNOWN",
    };
    name.as_ptr()
}
