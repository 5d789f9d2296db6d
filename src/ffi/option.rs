//! Options.

use core::ffi::{c_int, c_uint};
use core::mem::MaybeUninit;

use super::address::sockutil_addr;
use super::check::INVALID;
use super::outcome;
use crate::option::{self, Switch};

/// Let a socket bind to an address that old connections still hold.
///
/// Sets SO_REUSEADDR if on is not 0, and clears it if on is 0, before bind(2).
/// On Linux bind then succeeds despite connections in TIME_WAIT, if their
/// socket had the option too; a second listener is still refused.
///
/// Returns 0; -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX setsockopt; socket(7).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_reuseaddr(fd: c_int, on: c_int) -> c_int {
    outcome::of(|| option::set(fd, Switch::ReuseAddr, on != 0).map(|()| 0))
}

/// Let several sockets of one user bind to one port.
///
/// Sets SO_REUSEPORT if on is not 0, and clears it if on is 0, before bind(2).
/// All of the sockets must set it; the kernel distributes connections and
/// datagrams among them. It does not cure TIME_WAIT, and lets two servers share
/// a port by mistake. On FreeBSD the option is SO_REUSEPORT_LB; NetBSD, OpenBSD
/// and macOS have none that distributes: ENOTSUP.
///
/// Returns 0; -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: socket(7).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_reuseport(fd: c_int, on: c_int) -> c_int {
    outcome::of(|| option::set(fd, Switch::ReusePort, on != 0).map(|()| 0))
}

/// Keep IPv4 out of an IPv6 socket.
///
/// Sets IPV6_V6ONLY if on is not 0, and clears it if on is 0, before bind(2).
///
/// Returns 0; -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 3493, section 5.3; ipv6(7).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_v6only(fd: c_int, on: c_int) -> c_int {
    outcome::of(|| option::set(fd, Switch::V6Only, on != 0).map(|()| 0))
}

/// Set or clear O_NONBLOCK.
///
/// The flag changes for all that share the descriptor, also in other processes.
///
/// Returns 0; -1 with errno:
///   EBADF   fd is not a descriptor
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX fcntl.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_nonblock(fd: c_int, on: c_int) -> c_int {
    outcome::of(|| option::set_nonblock(fd, on != 0).map(|_| 0))
}

/// Send small segments at once.
///
/// Sets TCP_NODELAY if on is not 0, which turns Nagle's algorithm off; clears
/// it if on is 0.
///
/// Returns 0; -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX netinet/tcp.h; tcp(7).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_nodelay(fd: c_int, on: c_int) -> c_int {
    outcome::of(|| option::set(fd, Switch::NoDelay, on != 0).map(|()| 0))
}

/// Allow a datagram socket to send to a broadcast address.
///
/// Sets SO_BROADCAST if on is not 0, and clears it if on is 0.
///
/// Returns 0; -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX setsockopt; UNP section 20.5.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_broadcast(fd: c_int, on: c_int) -> c_int {
    outcome::of(|| option::set(fd, Switch::Broadcast, on != 0).map(|()| 0))
}

/// Choose what close(2) does with unsent data.
///
/// on 0: close returns at once, and the kernel goes on sending. on not 0: close
/// waits up to that many seconds; with 0 seconds it discards the data and sends
/// RST. On Linux close succeeds if the wait runs out.
///
/// Returns 0; -1 with errno:
///   EINVAL     seconds is below 0
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX setsockopt; socket(7); UNP section 7.5.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_linger(fd: c_int, on: c_int, seconds: c_int) -> c_int {
    outcome::of(|| option::set_linger(fd, on != 0, seconds).map(|()| 0))
}

/// Make TCP detect a peer that vanished.
///
/// After idle_s seconds of silence TCP sends a question (a probe) every
/// interval_s seconds; when count questions have no answer, reads and writes
/// fail with ETIMEDOUT. idle_s 0 turns it off and ignores interval_s and count.
/// OpenBSD has no such times: ENOPROTOOPT unless idle_s is 0.
///
/// Returns 0; -1 with errno:
///   EINVAL     idle_s is below 0, interval_s or count is below 1, or one is
///              more than TCP takes (32767 seconds, 127 questions)
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 1122, section 4.2.3.6; tcp(7).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_keepalive(fd: c_int, idle_s: c_int, interval_s: c_int, count: c_int) -> c_int {
    outcome::of(|| option::set_keepalive(fd, idle_s, interval_s, count).map(|()| 0))
}

/// Give up a TCP connection whose peer does not acknowledge data.
///
/// Sets TCP_USER_TIMEOUT: if sent data stays unacknowledged, or the peer's
/// window closed, for ms milliseconds, reads and writes fail with ETIMEDOUT. 0
/// is the system's default, about 15 minutes. With sockutil_set_keepalive the
/// same time also replaces count: a silent peer is given up after it. Only Linux
/// has it: ENOPROTOOPT elsewhere.
///
/// Returns 0; -1 with errno:
///   EINVAL     ms is below 0
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
/// and the errors of setsockopt(2): ENOPROTOOPT or EOPNOTSUPP, fd is not TCP.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 5482; tcp(7).
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_user_timeout(fd: c_int, ms: c_int) -> c_int {
    outcome::of(|| option::set_user_timeout(fd, ms).map(|()| 0))
}

/// Join a multicast group on an interface.
///
/// ifindex is the interface's number (if_nametoindex(3)). 0 means the interface
/// of the group's zone ("ff02::1%eth0"); where the group has no zone, the
/// kernel chooses. The group's port is ignored.
///
/// Returns 0; -1 with errno:
///   EADDRINUSE     the socket is a member already
///   EAFNOSUPPORT   group is neither IPv4 nor IPv6
///   ENODEV         there is no such interface
///   EINVAL         group is NULL, or not a multicast address
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of setsockopt(2): ENOBUFS, too many groups; ENOPROTOOPT, an
/// IPv6 group for an IPv4 socket.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_multicast_join(fd: c_int, group: Option<&sockutil_addr>, ifindex: c_uint) -> c_int {
    outcome::of(|| {
        let group = group.ok_or(INVALID)?.address();
        option::multicast_join(fd, group, ifindex).map(|()| 0)
    })
}

/// Leave a multicast group on an interface.
///
/// group and ifindex are as for the join. With 0 and a group without a zone, an
/// IPv6 socket leaves on the interface where it is a member; an IPv4 socket
/// leaves on the interface that the kernel would choose for a join, and gets
/// EADDRNOTAVAIL if it joined on another one, ENODEV if there is no choice.
///
/// Returns 0; -1 with errno:
///   EADDRNOTAVAIL   the socket is not a member there
///   EAFNOSUPPORT    group is neither IPv4 nor IPv6
///   EINVAL          group is NULL
///   EBADF           fd is not a descriptor
///   ENOTSOCK        fd is not a socket
/// and the errors of setsockopt(2): ENODEV; EINVAL, not a multicast address.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
/// cbindgen:postfix=SOCKUTIL_NONNULL((2))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_multicast_leave(fd: c_int, group: Option<&sockutil_addr>, ifindex: c_uint) -> c_int {
    outcome::of(|| {
        let group = group.ok_or(INVALID)?.address();
        option::multicast_leave(fd, group, ifindex).map(|()| 0)
    })
}

/// Join a multicast group on an interface, for the datagrams of one source.
///
/// Call it once for each source; datagrams of other senders are not received on
/// this socket. source is the sender's address; its port and zone are ignored.
/// group and ifindex are as for sockutil_multicast_join, which joins for every
/// source: do not use both for one group on one socket, since the second changes
/// the first. NetBSD and OpenBSD have no sources: ENOPROTOOPT.
///
/// Returns 0; -1 with errno:
///   EADDRNOTAVAIL   the socket has joined for that source already
///   EAFNOSUPPORT    group is neither IPv4 nor IPv6
///   ENODEV          there is no such interface
///   EINVAL          group or source is NULL, group is not a multicast address,
///                   or source is of another family than group
///   EBADF           fd is not a descriptor
///   ENOTSOCK        fd is not a socket
/// and the errors of setsockopt(2): ENOBUFS, too many groups or sources;
/// ENOPROTOOPT, an IPv6 group for an IPv4 socket.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 3678, section 5.1; ip(7); UNP section 21.6.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((2, 3))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_multicast_join_source(
    fd: c_int,
    group: Option<&sockutil_addr>,
    source: Option<&sockutil_addr>,
    ifindex: c_uint,
) -> c_int {
    outcome::of(|| {
        let (group, source) = (group.ok_or(INVALID)?.address(), source.ok_or(INVALID)?.address());
        option::multicast_join_source(fd, group, source, ifindex).map(|()| 0)
    })
}

/// Leave a multicast group on an interface, for the datagrams of one source.
///
/// The arguments are as for the join. After the last source the socket is no
/// longer a member of the group.
///
/// Returns 0; -1 with errno:
///   EADDRNOTAVAIL   the socket has not joined for that source there
///   EAFNOSUPPORT    group is neither IPv4 nor IPv6
///   EINVAL          group or source is NULL, group is not a multicast address,
///                   or source is of another family than group
///   EBADF           fd is not a descriptor
///   ENOTSOCK        fd is not a socket
/// and the errors of setsockopt(2): ENODEV.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 3678, section 5.1; ip(7); UNP section 21.6.
/// cbindgen:postfix=SOCKUTIL_NONNULL((2, 3))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_multicast_leave_source(
    fd: c_int,
    group: Option<&sockutil_addr>,
    source: Option<&sockutil_addr>,
    ifindex: c_uint,
) -> c_int {
    outcome::of(|| {
        let (group, source) = (group.ok_or(INVALID)?.address(), source.ok_or(INVALID)?.address());
        option::multicast_leave_source(fd, group, source, ifindex).map(|()| 0)
    })
}

/// Choose the interface through which multicast datagrams are sent.
///
/// af is AF_INET or AF_INET6, the socket's. ifindex 0 leaves the choice to the
/// kernel.
///
/// Returns 0; -1 with errno:
///   EAFNOSUPPORT   af is not the socket's family, or neither AF_INET nor
///                  AF_INET6
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of setsockopt(2): ENODEV or EADDRNOTAVAIL, there is no such
/// interface.
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_multicast_interface(fd: c_int, af: c_int, ifindex: c_uint) -> c_int {
    outcome::of(|| option::set_multicast_interface(fd, af, ifindex).map(|()| 0))
}

/// Choose how many hops multicast datagrams may go.
///
/// Sets IP_MULTICAST_TTL or IPV6_MULTICAST_HOPS. af is AF_INET or AF_INET6, the
/// socket's. hops is 0 to 255: 0 stays on this machine, 1 (the default) on the
/// local network.
///
/// Returns 0; -1 with errno:
///   EAFNOSUPPORT   af is not the socket's family, or neither AF_INET nor
///                  AF_INET6
///   EINVAL         hops is not 0 to 255
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_multicast_hops(fd: c_int, af: c_int, hops: c_int) -> c_int {
    outcome::of(|| option::set_multicast_hops(fd, af, hops).map(|()| 0))
}

/// Choose whether members on this machine receive the multicast datagrams sent.
///
/// Sets IP_MULTICAST_LOOP or IPV6_MULTICAST_LOOP if on is not 0 (the default),
/// and clears it if on is 0. af is AF_INET or AF_INET6, the socket's. On Linux
/// the option is the sender's.
///
/// Returns 0; -1 with errno:
///   EAFNOSUPPORT   af is not the socket's family, or neither AF_INET nor
///                  AF_INET6
///   EBADF          fd is not a descriptor
///   ENOTSOCK       fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: RFC 3493, section 5.2; ip(7); UNP section 21.6.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_set_multicast_loop(fd: c_int, af: c_int, on: c_int) -> c_int {
    outcome::of(|| option::set_multicast_loop(fd, af, on != 0).map(|()| 0))
}

/// Read a socket option that is an int.
///
/// Returns 0, and the option in *value; -1 with errno, and *value untouched:
///   ENOPROTOOPT   there is no such option
///   EINVAL        value is NULL
///   EBADF         fd is not a descriptor
///   ENOTSOCK      fd is not a socket
/// and the errors of getsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX getsockopt.
/// cbindgen:postfix=SOCKUTIL_RESULT SOCKUTIL_NONNULL((4))
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_getsockopt_int(
    fd: c_int,
    level: c_int,
    name: c_int,
    value: Option<&mut MaybeUninit<c_int>>,
) -> c_int {
    outcome::of(|| {
        value.ok_or(INVALID)?.write(option::get_int(fd, level, name)?);
        Ok(0)
    })
}

/// Set a socket option that is an int.
///
/// Returns 0; -1 with errno:
///   ENOPROTOOPT   there is no such option
///   EBADF         fd is not a descriptor
///   ENOTSOCK      fd is not a socket
/// and the errors of setsockopt(2).
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX setsockopt.
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_setsockopt_int(fd: c_int, level: c_int, name: c_int, value: c_int) -> c_int {
    outcome::of(|| option::set_int(fd, level, name, value).map(|()| 0))
}

/// Read a socket's pending error, and clear it.
///
/// Reads SO_ERROR: the result of a connect, once POLLOUT is there; the ICMP
/// error of a datagram socket.
///
/// Returns 0, no error, or the pending errno value; -1 with errno:
///   EBADF      fd is not a descriptor
///   ENOTSOCK   fd is not a socket
///
/// Async-signal-safe and thread-safe.
/// Source: POSIX getsockopt; UNP section 16.3.
/// cbindgen:postfix=SOCKUTIL_RESULT
#[unsafe(no_mangle)]
pub extern "C" fn sockutil_take_error(fd: c_int) -> c_int {
    outcome::of(|| option::take_error(fd))
}
